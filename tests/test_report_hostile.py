# ruff: noqa: E501
"""Mentions written to break the report: they are shown, and nothing obeys them."""

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rootcause.findings import Isolated, Quote
from rootcause.report import render
from rootcause.report.public import link, shown
from sample_report import sample

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><circle/></svg>",
    '"><script>fetch("http://evil.example")</script>',
    "' onmouseover='alert(1)",
    "</script><script>alert(2)</script>",
    "</style><style>*{display:none}</style>",
    "</title></svg><iframe src=//evil.example></iframe>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![](http://evil.example/pixel.gif)",
    "{{ 7*7 }} {% raw %} ${7*7}",
    "<!--", "]]>", "&lt;script&gt;alert(3)&lt;/script&gt;",
    "<style>@import url(http://evil.example)</style>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<form action=//evil.example><input name=a autofocus onfocus=alert(1)></form>",
    "\u202egnp.exe\u202c and \u2066hidden\u2069",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\x00null\x08back\x7fdel\x9b31m",
    '=HYPERLINK("http://evil.example","click")',
    "+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
    "\ud800 lone surrogate", "Z\u0351\u0343\u0342\u0344a\u0351lgo " * 30,
    "W" * 1_000_000,
    "| a | b |\n|---|---|\n# heading\n- list",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "\u2028alert(1)\u2029",
)  # fmt: skip
LINKS = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,<script>",
    "vbscript:x", "http://a.example/\" onclick=\"alert(1)", "//evil.example", "http://a b.example",
    "https://user:pass@evil.example/", "file:///etc/passwd", "http://[::1", "https://x.example/\n",
    "https://social.example.com/@jane_doe/123",
)  # fmt: skip


OURS = set(
    [
        "html",
        "ellipse",
        "text",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "p",
        "strong",
        "span",
        "button",
        "main",
        "section",
        "h1",
        "h2",
        "h3",
        "h4",
        "dl",
        "div",
        "dt",
        "dd",
        "b",
        "ol",
        "ul",
        "li",
        "nav",
        "details",
        "summary",
        "form",
        "label",
        "select",
        "option",
        "output",
        "article",
        "figure",
        "figcaption",
        "svg",
        "g",
        "path",
        "line",
        "use",
        "circle",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "i",
        "script",
    ]
)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def hostile():
    """Return a report whose every text that comes from outside is hostile."""
    report = sample()
    causes = []
    for index, cause in enumerate(report.causes):
        text = HOSTILE[index]
        causes.append(
            replace(
                cause, title=text, status_reason=text, owner=HOSTILE[(index + 3) % 12], action=text,
                key_phrases=HOSTILE[12:18], area=cause.area,
                quotes=tuple(
                    Quote(mention_id=t[:40], text=t, role="typical", channel=t, date=t[:20],
                          url=LINKS[n % len(LINKS)])
                    for n, t in enumerate(HOSTILE[index::5])
                ),
            )
        )  # fmt: skip
    queue = tuple(
        replace(report.reply_queue[0], mention_id=f"h{n}", text=t, author=t, channel=t, cause_title=t,
                url=LINKS[n % len(LINKS)], waiting_hours=100.0 - n)
        for n, t in enumerate(HOSTILE)
    )  # fmt: skip
    return replace(
        report,
        causes=tuple(causes),
        brand="<b>Bramble</b>",
        scope='region="><script>alert(4)</script>',
        sentence="<script>alert(5)</script> was the largest problem",
        reply_queue=queue,
        isolated=tuple(
            Isolated(mention_id=f"i{n}", text=t, area="app", needs_reply=True, url=LINKS[n % 13])
            for n, t in enumerate(HOSTILE)
        ),
        points=tuple(
            replace(p, text=HOSTILE[n % len(HOSTILE)]) for n, p in enumerate(report.points)
        ),
        trust=replace(report.trust, notes=HOSTILE, inputs=((HOSTILE[0], HOSTILE[1]),)),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return render(hostile(), tmp_path_factory.mktemp("hostile") / "r")


def test_no_format_holds_what_a_terminal_or_reader_would_obey(files):
    for name, path in files.items():
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        allowed = "\n\r" if name.endswith(".csv") else "\n"
        found = {
            c for c in text
            if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in allowed
            # a joiner inside emoji, and the mark that keeps Markdown from linking
            and c not in "\u200d\u2060"
        }  # fmt: skip
        if name != "reply_queue.csv":  # texts to answer keep their characters
            assert not found, (name, found)
        assert not found & set("\x00\x1b\x7f\x9b\u202e\u2066"), name


def test_html_has_no_element_that_a_mention_brought(files):
    for name, path in files.items():
        if name.endswith(".html"):
            page = path.read_text(encoding="utf-8")
            assert page.count("<script>") == 1
            assert page.count("</script>") == 1
            assert page.count("<style>") == 1
            tags = Tags()
            tags.feed(page)
            assert tags.names <= OURS, tags.names - OURS
            assert not any(a.startswith("on") or a in {"style", "src"} for a in tags.attributes)
            hrefs = re.findall(r'href="([^"]*)"', page)
            assert all(re.match(r"#|https?://|owners/|\.\./report\.html$", h) for h in hrefs), name


def test_links_that_run_or_name_somebody_are_dropped():
    assert [url for url in LINKS if link(url)] == []
    assert (
        link("https://forum.example.com/t/1?page=2#3") == "https://forum.example.com/t/1?page=2#3"
    )
    assert link("https://x.com/jane_doe/status/123456?s=20") == "https://x.com/i/status/123456"
    assert link("https://twitter.com/jane_doe") is None


def test_csv_cells_hold_no_formula(files):
    for name in ("causes.csv", "mentions.csv", "reply_queue.csv"):
        text = files[name].read_bytes().decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                number = re.fullmatch(r"-?[\d.]+(?:e-?\d+)?", cell)
                assert number or not cell.lstrip().startswith(("=", "+", "-", "@")), (name, cell)
                assert len(cell) <= 32_767


def test_markdown_holds_no_markup_that_a_mention_brought(files):
    text = files["report.md"].read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert not re.search(r"(?<!\\)!\[", text)


def test_reply_cells_fit_a_spreadsheet(files):
    text = files["reply_queue.csv"].read_bytes().decode("utf-8-sig")
    assert "W" * 31_000 in text
    assert "W" * 32_001 not in text


def test_giant_words_do_not_swell_the_report(files):
    for name, path in files.items():
        assert path.stat().st_size < 1_500_000, name
    data = json.loads(files["report.json"].read_text(encoding="utf-8"))
    assert max(len(i["text"]) for i in data["isolated"]) <= 420


def test_an_address_cut_in_half_is_not_left_at_the_end():
    text = "word " * 82 + "jane.doe@example.com and more words that are long enough to be cut"
    assert "jane" not in shown(text)
