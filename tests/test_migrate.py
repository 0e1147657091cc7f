"""A register moved to another encoder: the same causes, in a new space, or nothing at all."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rootcause.bundled import bundled
from rootcause.cli.likeness import space_of
from rootcause.compose.trust import _notes
from rootcause.errors import ModelError, UsageError
from rootcause.records import Week
from rootcause.register import Assignment, Exemplar, Register, WeekFacts, check, moving

WEEK = Week(2026, 40)
TEXTS = ("charged twice for one order", "the refund never came", "the line is dead again")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The shipped encoder cut to its first 16 columns, without its network."""
    folder = tmp_path_factory.mktemp("encoders") / "small"
    folder.mkdir()
    source = bundled("models/encoder")
    for part in ("config.json", "tokenizer.json"):
        (folder / part).write_bytes((source / part).read_bytes())
    tensors = load_file(source / "model.safetensors")
    kept = {name: values for name, values in tensors.items() if not name.startswith("head_")}
    kept["table"] = np.ascontiguousarray(kept["table"][:, :16])
    save_file(kept, folder / "model.safetensors")
    return str(folder)


@pytest.fixture
def register(tmp_path):
    encode, space = space_of("builtin")
    with Register.open(tmp_path / "r.db", create=True) as book, book.transaction():
        bind(book, space)
        book.set_fact("lens_hash", space["lens_hash"])
        cause = book.next_id()
        book.save_cause(
            cause_id=cause, born_in=WEEK, title="t", kind="complaint", area="fees", radius=0.3
        )
        rows = zip(TEXTS, encode(TEXTS), strict=True)
        book.add_exemplars(
            cause, WEEK, [Exemplar(f"m{i}", i, text, row) for i, (text, row) in enumerate(rows)]
        )
        facts = WeekFacts(
            week=WEEK, run_id="r", mentions=9, complaints=3, complaint_voices=3,
            question_voices=0, isolated=0, unspecified=0, duplicates=0, model_id="m",
        )  # fmt: skip
        book.write_week(
            facts, [Assignment(WEEK, f"m{i}", cause, 0.9, "cause", i, 0, "x") for i in range(3)]
        )
    with Register.open(tmp_path / "r.db") as book:
        yield book


def bind(book, space, model_id=None):
    book.bind(
        encoder_name=space["encoder_name"], encoder_hash=space["encoder_hash"],
        dimension=int(space["dimension"]), timezone="UTC", where="", min_voices=5,
        model_id=model_id,
    )  # fmt: skip


def test_a_move_encodes_the_stored_texts_and_keeps_the_rest(register, small):
    encode, space = space_of(small)
    with pytest.raises(ModelError, match="causes migrate"):
        bind(register, space)
    causes, series, weeks = register.causes(), register.series(), register.weeks()
    assert moving.move(register, encode, space, who="ann") == 3
    bind(register, space)
    (known,) = register.known(WEEK.shift(1))
    assert known.texts == TEXTS and known.vectors.shape == (3, int(space["dimension"]))
    assert np.allclose(known.vectors, encode(TEXTS), atol=1e-3)
    assert (register.causes(), register.series(), register.weeks()) == (causes, series, weeks)
    assert check.verify(register) == []
    entry = register.history()[-1]
    assert (entry.who, entry.action, entry.details["after"]) == ("ann", "migrate", str(WEEK))
    with pytest.raises(UsageError, match="already"):
        moving.move(register, encode, space, who="ann")


def test_a_move_that_fails_leaves_everything_as_it_was(register, small):
    _, space = space_of(small)
    before = register.rows("SELECT * FROM exemplars"), register.rows("SELECT * FROM meta")

    def broken(texts):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        moving.move(register, broken, space, who="ann")
    assert before == (register.rows("SELECT * FROM exemplars"), register.rows("SELECT * FROM meta"))
    assert register.history() == []


def test_a_register_without_an_encoder_is_one_line(tmp_path, small):
    with (
        Register.open(tmp_path / "new.db", create=True) as book,
        pytest.raises(UsageError, match="no encoder yet"),
    ):
        moving.move(book, *space_of(small), who="ann")


def test_another_model_is_refused_until_the_register_goes_over_to_it(register):
    """Counts of two models are no series, unless somebody says so; no exemplar changes then."""
    encode, space = space_of("builtin")
    bind(register, space, model_id="m")
    with pytest.raises(ModelError, match=r"model m labeled, not n; .*causes migrate --scored"):
        bind(register, space, model_id="n")
    kept = register.rows("SELECT * FROM exemplars")
    assert moving.move(register, encode, space, who="ann", model_id="n") == 0
    bind(register, space, model_id="n")
    assert register.rows("SELECT * FROM exemplars") == kept
    with pytest.raises(ModelError):
        bind(register, space, model_id="m")
    assert register.history()[-1].details["from"]["model_id"] == "m"
    assert moving.breaks(register) == []
    with pytest.raises(UsageError, match="already"):
        moving.move(register, encode, space, who="ann", model_id="n")


def test_the_report_marks_the_break_while_the_week_before_it_is_shown(register, small):
    moving.move(register, *space_of(small), who="ann")
    given = SimpleNamespace(
        notes=(), register=register, week=WEEK.shift(1), exposure=None,
        table={"author": SimpleNamespace(null_count=0, length=lambda: 1)},
        manifest=SimpleNamespace(model_id="m"), kinds=[SimpleNamespace(voices=999)],
    )  # fmt: skip
    marked = [note for note in _notes(given, register.weeks()) if "series" in note]
    assert len(marked) == 1 and "builtin" in marked[0] and f"after {WEEK}" in marked[0]
    assert not [note for note in _notes(given, []) if "series" in note]


def test_the_command_moves_and_says_so(register, small, monkeypatch, capsys):
    import sys

    from rootcause.cli import main

    words = ["causes", "migrate", "--encoder", small, "--register", str(register.path)]
    monkeypatch.setattr(sys, "argv", ["rootcause", *words, "--who", "ann"])
    with pytest.raises(SystemExit) as ended:
        main()
        raise SystemExit(0)
    assert (ended.value.code or 0) == 0
    assert capsys.readouterr().out.startswith("3 exemplars encoded with ")
    assert json.loads(register.rows("SELECT details FROM log")[0][0])["exemplars"] == 3
