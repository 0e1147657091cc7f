"""The command line: what goes to stdout, what to stderr, and how each mistake ends."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rootcause.bundled import bundled
from rootcause.cli.app import main
from rootcause.cli.options import pairs, plain
from rootcause.errors import UsageError
from rootcause.score import score
from rootcause.training import train

DATA = bundled("data")
LABELED = DATA / "labeled.csv"
WEEKS = [DATA / "dumps" / "2026-W38", DATA / "dumps" / "2026-W39"]
# a program that a signal reaches as it reaches one started in a terminal
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from rootcause.cli import main; main()"
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A model of 600 rows of the bundled export: what it says matters little here."""
    folder = tmp_path_factory.mktemp("cli")
    with LABELED.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[:601]
    with (folder / "labeled.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    train([str(folder / "labeled.csv")], folder / "model")
    return folder


@pytest.fixture(scope="session")
def model(trained):
    return trained / "model"


@pytest.fixture(scope="session")
def scored(trained):
    """Two weeks of dumps, scored once; look at it, do not change it."""
    dumps = [str(path) for week in WEEKS for path in sorted(week.iterdir())]
    score(dumps, trained / "scored", model=str(trained / "model"), jobs=1)
    return trained / "scored"


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Run the command line in an empty working folder; return (code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rootcause", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return (ended.value.code or 0, out, err)

    return call


@pytest.fixture
def refused(cli):
    """Run what must fail; return its one line after checking that it is one."""

    def call(code, *words):
        got, out, err = cli(*words)
        assert got == code, err
        assert out == ""
        assert "Traceback" not in err
        *talk, line = err.splitlines()
        assert line.startswith("rootcause: ")
        assert not any(said.startswith("rootcause:") for said in talk)
        return line.removeprefix("rootcause: ")

    return call


@pytest.fixture
def write(tmp_path):
    def make(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return make


def process(*words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, words)], **options)


# dumps that cannot be used


def test_a_missing_file(refused, model):
    assert "nope.csv does not exist" in refused(1, "score", "nope.csv", "-o", "out", "-m", model)
    assert "nope.csv does not exist" in refused(1, "train", "nope.csv", "-o", "out")
    assert "no file matches no*.csv" in refused(1, "score", "no*.csv", "-o", "out", "-m", model)


def test_an_empty_file_is_refused_before_anything_is_written(refused, write, model, tmp_path):
    write("empty.csv", "")
    write("good.csv", "text\nmy router died\n")
    line = refused(1, "score", "good.csv", "empty.csv", "-o", "out", "-m", model)
    assert line == "empty.csv is empty; export it again, or leave it out"
    assert "empty.csv" in refused(1, "train", "empty.csv", "-o", "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv", "good.csv"]


def test_a_dump_without_rows_is_no_success(refused, write, model):
    line = refused(1, "score", write("head.csv", "text\n"), "-o", "out", "-m", model)
    assert line == "no row in head.csv; check what was exported"


def test_no_text_column_lists_the_columns_and_how_to_name_one(refused, write, model):
    dump = write("a.csv", "Foo,Bar baz\n1,2\n")
    line = refused(1, "score", dump, "-o", "out", "-m", model)
    assert "'Foo', 'Bar baz'" in line and "--column text=HEADER" in line
    line = refused(1, "train", dump, "-o", "out")
    assert "'Foo', 'Bar baz'" in line and "--column label=HEADER" in line


def test_a_named_column_that_is_not_there_lists_those_that_are(refused, write, model):
    dump = write("a.csv", "text,Region\nhello,north\n")
    line = refused(1, "score", dump, "-o", "out", "-m", model, "--column", "text=Body")
    assert "'Body'" in line and "'text', 'Region'" in line
    line = refused(1, "score", dump, "-o", "out", "-m", model, "--segment", "Area")
    assert "'Area'" in line and "'text', 'Region'" in line


def test_a_date_column_without_a_readable_value(refused, write, model, tmp_path):
    dump = write("a.csv", "text,created_at\nhello,soon\nhi you,later\n")
    line = refused(1, "score", dump, "-o", "out", "-m", model)
    assert "'created_at'" in line and "soon" in line and "--column created_at=HEADER" in line
    assert not (tmp_path / "out" / "_manifest.json").exists()


def test_too_many_unusable_rows(refused, write, model):
    dump = write("a.csv", 'text,author\nhello,x\n"",y\n"",z\n')
    line = refused(1, "score", dump, "-o", "out", "-m", model)
    assert "2 of 3 rows" in line and "--max-rejects" in line


# exports that cannot be learnt from


def test_an_unknown_label_lists_those_seen(refused, write):
    export = write("a.csv", "text,label\nhello,angry\nhi,happy\nhey,happy\n")
    line = refused(1, "train", export, "-o", "m")
    assert "'angry'" in line and "'happy' 2" in line and "--label-map" in line


@pytest.mark.parametrize(
    ("rows", "needed"),
    [("a,venting\nb,venting\n", "at least two"), ("a,venting\nb,praise\n", "at least 10")],
)
def test_too_few_classes_or_rows_say_how_many_are_needed(refused, write, rows, needed, tmp_path):
    assert needed in refused(1, "train", write("a.csv", "text,label\n" + rows), "-o", "m")
    assert not (tmp_path / "m").exists()


def test_training_over_something_that_is_no_model(refused, tmp_path, trained):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"meow")
    line = refused(2, "train", trained / "labeled.csv", "-o", "photos")
    assert line == "photos exists and is no model folder; give another path"
    assert (tmp_path / "photos" / "cat.jpg").exists()


# models


@pytest.fixture
def damaged(model, tmp_path):
    """The model with one byte changed."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_changed_byte_in_a_model(refused, write, damaged):
    for words in (
        ("model", "verify", damaged),
        ("model", "show", damaged),
        ("score", write("a.csv", "text\nhello\n"), "-o", "out", "-m", damaged),
    ):
        line = refused(3, *words)
        assert "model.safetensors has been changed; train it again" in line


def test_a_model_that_is_not_there(refused, write):
    line = refused(3, "score", write("a.csv", "text\nhello\n"), "-o", "out", "-m", "nope")
    assert line == "no model folder at nope; check the path or train one"
    assert refused(3, "model", "show", "nope") == line


def test_an_encoder_that_is_not_there(refused, scored):
    line = refused(3, "report", scored, "--encoder", "nobody/nothing", "--register", "r.db")
    assert "'nobody/nothing' is not on this machine" in line


def test_model_show_and_verify(cli, model):
    code, card, err = cli("model", "show", model)
    assert (code, err) == (0, "") and card.startswith("# Mention classifier")
    code, line, err = cli("model", "verify", model)
    assert (code, err) == (0, "") and line.startswith(f"{model}: whole")


# reports


def test_a_week_without_data(refused, scored):
    line = refused(4, "report", scored, "--week", "2026-W01", "--register", "r.db")
    assert line.startswith("no mentions in week 2026-W01")
    assert "2026-W38, 2026-W39" in line


@pytest.mark.parametrize("week", ["38", "2026-W60", "next"])
def test_a_week_that_is_no_week(refused, scored, week):
    line = refused(2, "report", scored, "--week", week, "--register", "r.db")
    assert line == f"week {week!r} is not a week; write it as 2026-W47"


def test_a_mistyped_filter_does_not_bind_the_register(refused, cli, scored):
    refused(4, "report", scored, "--where", "brand=Nope", "--register", "r.db")
    code, _, err = cli("report", scored, "--register", "r.db")
    assert code == 0, err


def test_a_report_prints_only_its_path_and_the_causes_follow(cli, refused, scored):
    code, out, err = cli("report", scored, "--register", "r.db", "-o", "here")
    assert (code, out) == (0, "here/2026-W39/report.html\n"), err
    assert Path("here/2026-W39/report.html").is_file()
    assert err == "tracking 2026-W38 first ...\n"
    code, out, err = cli("causes", "list", "--register", "r.db")
    assert (code, err) == (0, "")
    assert next(csv.DictReader(io.StringIO(out)))["cause_id"] == "RC-0001"
    # a split by likeness, with the scored folder and without, leaves a register that is whole
    for words in (["--scored", str(scored)], []):
        shown = json.loads(cli("causes", "show", "1", "--register", "r.db")[1])
        like = ["--like", shown["exemplars"][0]["text"]]
        code, out, err = cli("causes", "split", "1", "--register", "r.db", *like, *words)
        assert code == 0 and out.startswith("RC-"), err
        assert cli("causes", "verify", "--register", "r.db")[0] == 0
    line = refused(2, "report", scored, "--register", "r.db", "--where", "brand=x")
    assert "--where" in line and "name a new file with --register" in line


def test_what_is_not_a_scored_folder_or_register(refused, write, model):
    assert "score wrote" in refused(1, "report", "nope")
    assert "score wrote" in refused(1, "report", write("a.csv", "text\n"))
    assert "no _manifest.json" in refused(1, "report", model)
    assert refused(1, "causes", "list") == (
        "register rootcause.db does not exist; `rootcause report` makes it"
    )
    assert "is not a register" in refused(1, "causes", "list", "--register", "a.csv")


def test_side_files_that_cannot_be_read(refused, write, scored):
    line = refused(1, "report", scored, "--register", "r.db", "--owners", "nope.csv")
    assert "nope.csv does not exist" in line
    exposure = write("e.csv", "week,units\n2026-W38,many\n")
    line = refused(1, "report", scored, "--register", "r.db", "--exposure", exposure)
    assert "e.csv row 2" in line and "'many'" in line


# the command line itself


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["score", "--bogus"], "no such option: --bogus"),
        (["bogus"], "no such command 'bogus'; see rootcause --help"),
        (["score"], "missing argument 'DUMP'; see rootcause score --help"),
        (["score", "a.csv"], "missing option -o; name the folder or file to write"),
        (["train", "a.csv"], "missing option '-o' / '--out'; see rootcause train --help"),
        (["report", "a", "--min-voices", "1"], "invalid value for '--min-voices': it must be"),
        (["score", "a", "-o", "b", "--jobs", "few"], "invalid value for '--jobs': it must be"),
        (["causes", "list", "--format", "xml"], "'xml' is not one of 'csv', 'json'"),
        (["causes", "show"], "missing argument 'CAUSE'; see rootcause causes show --help"),
        (["train", "a.csv", "-o", "m", "--column", "text"], "--column 'text' is not NAME=VALUE"),
        (["train", "a.csv", "-o", "m", "--target-precision", "2"], "'--target-precision'"),
    ],
)
def test_a_command_line_that_makes_no_sense(refused, words, message):
    assert message in refused(2, *words)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--timezone", "Mars"], "time zone 'Mars' is unknown; write it like Europe/Dublin"),
        (["--engine", "spark"], "engine 'spark' is unknown; use local or ray"),
    ],
)
def test_values_that_make_no_sense(refused, write, model, options, message):
    dump = write("a.csv", "text\nhello\n")
    assert message in refused(2, "score", dump, "-o", "out", "-m", model, *options)


def test_no_command_shows_the_help(cli):
    code, out, err = cli()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: rootcause") and "score" in err


def test_help_and_version_are_data(cli):
    code, out, err = cli("--version")
    assert (code, err) == (0, "") and out.startswith("rootcause ")
    code, out, err = cli("causes", "fix", "--help")
    assert (code, err) == (0, "") and "--on DATE" in out


@pytest.mark.parametrize("place", [0, 1, 4])
def test_verbose_shows_the_traceback_wherever_it_stands(cli, place):
    words = ["score", "nope.csv", "-o", "out"]
    words.insert(place, "--verbose")
    code, out, err = cli(*words)
    assert (code, out) == (1, "")
    assert err.startswith("Traceback") and "DataError" in err
    assert err.splitlines()[-1] == "rootcause: nope.csv does not exist; check the path"


def test_a_fault_of_our_own_is_not_dressed_up(monkeypatch):
    """Only expected errors become one line; a bug keeps its traceback."""

    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("rootcause.artifact.card", broken)
    monkeypatch.setattr(sys, "argv", ["rootcause", "model", "show", "x"])
    with pytest.raises(ZeroDivisionError):
        main()


def test_text_from_data_cannot_steer_the_terminal(refused, write):
    export = write("a.csv", "text,label\nhello,\x1b[31mred\nhi,two\u2028lines\n")
    line = refused(1, "train", export, "-o", "m")
    assert "\x1b" not in line and "\u2028" not in line
    assert plain("a\nb\x1b[0m\u202ec") == "a b [0m c"


def test_pairs_split_at_the_first_equals_sign():
    assert pairs(["text=a=b, c"], "--column") == {"text": "a=b, c"}
    assert pairs(["A=venting, B=praise"], "--label-map") == {"A": "venting", "B": "praise"}
    with pytest.raises(UsageError, match="--where 'brand' is not NAME=VALUE"):
        pairs(["brand"], "--where")


# what the commands print


def test_dry_run_needs_no_output_and_writes_none(cli, tmp_path):
    code, out, err = cli("score", *sorted(WEEKS[0].iterdir()), "--dry-run")
    assert (code, err) == (0, "")
    for told in ("Brandwatch", "Freshdesk", "text = Full Text", "118 read", "no text (1)"):
        assert told in out
    assert not list(tmp_path.iterdir())


def test_score_prints_the_path_and_tells_the_counts(cli, write, model):
    dump = write("a.csv", "text\nmy router died again\nthanks, all good now\n")
    assert cli("score", dump, "-o", "out.csv", "-m", model, "--jobs", "1") == (
        0,
        "out.csv\n",
        "2 rows read: 2 scored\n",
    )
    with Path("out.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == ["my router died again", "thanks, all good now"]
    assert {row["decision"] for row in rows} <= {"auto", "review"}
    assert "vector" not in rows[0]


def test_review_of_scored_mentions_and_of_an_export(cli, scored, trained, model):
    code, out, err = cli("review", scored, "-n", "3")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, len(rows)) == (0, "", 3)
    code, out, err = cli("review", trained / "labeled.csv", "-m", model, "-n", "3", "-o", "r.csv")
    assert (code, out) == (0, "") and err.splitlines()[-1].endswith("rows in r.csv")
    with Path("r.csv").open(newline="", encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            assert row["label"] != row["suggested"]


def test_evaluate_prints_tables_and_writes_json(cli, trained, model):
    code, out, err = cli("evaluate", trained / "labeled.csv", "-m", model, "--json", "m.json")
    assert code == 0 and "macro-F1" in out
    assert "the numbers flatter it" in err
    assert Path("m.json").read_text(encoding="utf-8").startswith("{")


# writing, interrupting


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that is read-only")
def test_an_output_that_cannot_be_written(refused, write, scored, model):
    dump = write("a.csv", "text\nhello\n")
    assert "read-only" in refused(1, "score", dump, "-o", "/sys/rootcause", "-m", model)
    line = refused(1, "review", scored, "-o", "/sys/rootcause.csv")
    assert line.endswith(": /sys/rootcause.csv; check the path and its permissions")
    assert "file is in the way" in refused(1, "score", dump, "-o", "a.csv/x", "-m", model)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_stdout_is_one_line(model):
    with open("/dev/full", "w") as full:
        running = process("model", "show", model, stdout=full)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert err == "rootcause: the disk is full while writing; free some space and run it again\n"


def test_a_reader_that_leaves_is_no_error(scored):
    running = process("review", scored, "-n", "800")
    running.stdout.close()
    err = running.stderr.read()
    running.stderr.close()
    assert (running.wait(timeout=60), err) == (0, "")


def test_stdin_is_scored(tmp_path, model):
    running = process(
        "score", "-", "-o", tmp_path / "o.csv", "-m", model, "--jobs", "1", stdin=subprocess.PIPE
    )
    out, err = running.communicate("text\nmy router died again\n", timeout=60)
    assert (running.returncode, out) == (0, f"{tmp_path / 'o.csv'}\n"), err
    assert "my router died again" in (tmp_path / "o.csv").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_with_130_one_line_and_no_half_output(tmp_path, model):
    target = tmp_path / "out"
    running = process("score", "-", "-o", target, "-m", model, "--jobs", "1", stdin=subprocess.PIPE)
    end = time.monotonic() + 60
    while not list(tmp_path.glob("out/_scoring-*")):
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err == "rootcause: interrupted; what was finished is kept, run it again to go on\n"
    assert not (target / "_manifest.json").exists() and not list(target.glob("week=*"))
