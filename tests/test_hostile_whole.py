"""Hostile mentions on the whole way: dump, score, register, report, terminal, a real Chromium."""

import csv
import io
import re
import unicodedata

import pytest
from typer.testing import CliRunner

from test_report_browser import CHROMIUM, browser, opened  # noqa: F401
from test_report_hostile import OURS, Tags

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><circle/></svg>",
    "[click](javascript:alert(1)) javascript:alert(1)",
    "<style>*{display:none}</style>",
    "\u202egnp.exe\u202c \u2066hidden\u2069",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J",
    '=HYPERLINK("http://evil.example","click")',
    "{{ 7*7 }} {% raw %} </script>",
    "W" * 1_000_000,
)
PROBLEMS = (
    "the router keeps restarting every evening, so annoying",
    "router restarting again and again, useless box",
    "my router restarts itself all evening long and nobody helps",
    "why does this router restart every single evening. fed up",
    "I was charged twice for the same month, where is my refund",
    "charged twice again this month and no refund. thieves",
    "you took the money twice in one month, awful",
    "double charge on my card this month and no refund yet",
)


def rows():
    for number in range(72):
        payload = PAYLOADS[number % len(PAYLOADS)]
        problem = PROBLEMS[number % len(PROBLEMS)]
        yield {
            "id": f"=cmd|' /C calc'!A{number}",
            "text": f"{problem} {payload}" if number % 3 else f"{problem}, day {number}",
            "created_at": f"2026-11-{16 + number % 7}T0{number % 9}:00:00Z",
            "author": f"<b onclick=alert(1)>person{number}</b>\x1b[2J",
            "channel": '"><img src=//evil.example onerror=alert(1)>',
            "url": "javascript:alert(document.domain)",
            "brand": "<script>alert(2)</script>\u202e",
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The report's folder, and all that the commands printed."""
    from rootcause.cli.app import app

    folder = tmp_path_factory.mktemp("hostile-whole")
    dump, owners = folder / "dump.csv", folder / "owners.csv"
    with dump.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(next(rows())))
        writer.writeheader()
        writer.writerows(rows())
    owners.write_text(
        'area_or_cause,owner,email\nbilling,"=1+1<script>alert(3)</script>",javascript:alert(1)\n'
        'product,"../../evil\x1b[31m",x\n'
    )
    scored = folder / "scored"
    book = ["--register", str(scored / "rootcause.db")]
    printed = ""
    for words in (
        ["score", str(dump), "-o", str(scored), "--jobs", "1", "--segment", "channel"],
        ["report", str(scored), "-o", str(folder / "r"), "--owners", str(owners), "--partial"],
        ["causes", "list", *book],
        ["causes", "list", *book, "--format", "json"],
        ["causes", "show", "RC-0001", *book],
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output)
        printed += done.stdout + done.stderr
    return folder / "r" / "2026-W47", printed


def controls(text):
    return {c for c in text if unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\r\u2060"}


def test_nothing_reaches_the_terminal_that_it_would_obey(made):
    assert "RC-0001" in made[1]
    assert not controls(made[1])


def test_a_cause_was_found_in_hostile_mentions_and_no_file_obeys_them(made):
    files = [path for path in made[0].rglob("*") if path.is_file()]
    assert {p.name for p in files} >= {"report.html", "report.md", "report.json", "causes.csv"}
    assert all(path.resolve().is_relative_to(made[0].resolve()) for path in files)
    for path in files:
        text = path.read_bytes().decode("utf-8-sig")
        assert not set(text) & set("\x00\x1b\x9b\u202e\u2066"), path.name
        if path.suffix == ".html":
            tags = Tags()
            tags.feed(text)
            assert tags.names <= OURS
            assert not any(a.startswith("on") or a in {"style", "src"} for a in tags.attributes)
            assert "javascript:" not in re.findall(r'href="([^"]*)"', text)
        if path.suffix == ".csv":
            cells = [c for row in csv.reader(io.StringIO(text, newline="")) for c in row]
            assert len(cells) > 20
            for cell in cells:
                number = re.fullmatch(r"-?[\d.]+(?:e-?\d+)?", cell)
                assert number or not cell.lstrip().startswith(("=", "+", "-", "@")), cell[:80]
        if path.name == "report.md":
            assert not re.search(r"(?<!\\)<|(?<!\\)\]\(", text)
        assert path.stat().st_size < 3_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_chromium_runs_nothing_of_it_and_asks_for_nothing(browser, made):  # noqa: F811
    pages = sorted(made[0].rglob("*.html"))
    assert len(pages) >= 2, "an owner's page, too"
    for page in pages:
        with opened(browser, page) as tab:
            assert tab.locator(".card").count() >= 1
            assert tab.locator("script").count() == 1
            assert tab.locator("iframe, img, base, [onload], [onerror], [onclick]").count() == 0
            for summary in tab.locator("summary:visible").all()[:3]:
                summary.click()
