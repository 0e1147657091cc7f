"""Another model or encoder: refused, then taken over on purpose; ids stay, the break shows."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rootcause.cli.app import main
from rootcause.encode import load_encoder
from rootcause.errors import ModelError, UsageError
from rootcause.records import Week
from rootcause.register import Register, check
from rootcause.scored import open_scored
from rootcause.track import migrate
from rootcause.weekly import write_report

WEEK = Week(2026, 47)


class Turned:
    """The built-in encoder with its directions turned: another encoder that knows as much."""

    name = "turned"
    content_hash = "e" * 64

    def __init__(self):
        self.inner = load_encoder("builtin")
        self.dimension = self.inner.dimension
        square = np.random.default_rng(0).normal(size=(self.dimension, self.dimension))
        self.turn = np.linalg.qr(square)[0].astype(np.float32)

    def encode(self, texts):
        return self.inner.encode(texts) @ self.turn


def change_manifest(folder, **facts):
    path = folder / "_manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def turn_vectors(folder, encoder):
    """Write the folder's vectors as `encoder` would have made them."""
    for part in folder.glob("week=*/*.parquet"):
        table = pq.read_table(part)
        place = table.column_names.index("vector")
        field = table.schema.field("vector")
        rows = [
            None if row is None else (np.array(row, np.float32) @ encoder.turn).astype(np.float16)
            for row in table["vector"].to_pylist()
        ]
        pq.write_table(table.set_column(place, field, pa.array(rows, field.type)), part)


def homes(register):
    return {
        row.mention_id: row.cause_id
        for row in register.assignments(WEEK)
        if row.cause_id and row.kind != "duplicate"
    }


def test_another_model_is_refused_then_migrated_and_the_break_is_marked(
    demo_copy, tmp_path, monkeypatch, capsys
):
    path = demo_copy / "rootcause.db"
    change_manifest(demo_copy, model_id="another-model")
    with pytest.raises(ModelError, match=r"model .* not another-mode.*causes migrate"):
        write_report(demo_copy, tmp_path / "out", week=str(WEEK))
    with Register.open(path) as register:
        before = register.causes()
    words = ["causes", "migrate", "--scored", demo_copy, "--register", path, "--who", "ann"]
    monkeypatch.setattr(sys, "argv", ["rootcause", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
        raise SystemExit(0)
    assert not ended.value.code
    assert "encoded anew" in capsys.readouterr().out
    with Register.open(path) as register:
        assert check.verify(register) == []
        assert register.causes() == before
        assert (register.history()[-1].who, register.history()[-1].action) == ("ann", "migrate")
        with pytest.raises(UsageError, match="nothing to migrate"):
            migrate(register, open_scored(demo_copy), load_encoder("builtin"), who="ann")
    report, _ = write_report(demo_copy, tmp_path / "out", week=str(WEEK))
    assert any("series break" in note for note in report.trust.notes)
    assert report.causes[0].series[-1].mark == "model change"


def test_another_encoder_keeps_the_ids(demo_copy):
    path = demo_copy / "rootcause.db"
    encoder = Turned()
    change_manifest(demo_copy, encoder="turned", encoder_hash=encoder.content_hash)
    turn_vectors(demo_copy, encoder)
    with Register.open(path) as register:
        old = homes(register)
        with pytest.raises(ModelError, match="--encoder"):
            migrate(register, open_scored(demo_copy), load_encoder("builtin"), who="ann")
    from rootcause.weekly import build_report

    with Register.open(path) as register:
        with pytest.raises(ModelError, match="causes migrate"):
            build_report(demo_copy, WEEK, register, encoder=encoder)
        done = migrate(register, open_scored(demo_copy), encoder, who="ann")
        assert done.exemplars > 100
        build_report(demo_copy, WEEK, register, encoder=encoder)
        new = homes(register)
        assert check.verify(register) == []
    shared = old.keys() & new.keys()
    assert len(shared) >= 0.8 * len(old)
    assert np.mean([old[one] == new[one] for one in shared]) >= 0.9
