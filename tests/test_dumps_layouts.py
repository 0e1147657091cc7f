"""Every export on the layouts page is recognised, and its columns land where they belong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dumps_helpers import LAYOUTS, read, write, write_xlsx
from rootcause.dumps import describe


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


# file: (layout, what the first mention holds)
EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "brandwatch_2026.csv": (
        "Brandwatch",
        {
            "mention_id": "m-1",
            "text": "Booked off work for the third time, and nobody came.\nWhat now?",
            "created_at": _at(2026, 3, 13, 20),
            "author": "larkspur_9",
            "channel": "reddit",
            "brand": "Bramble - General",
            "url": "https://example.org/r/1",
            "language": "en",
        },
    ),
    "brandwatch_2020.csv": (
        "Brandwatch",
        {
            "mention_id": "904",
            "created_at": _at(2020, 5, 1, 13, 4, 5),
            "thread_id": "t9",
            "parent_id": "1250",
        },
    ),
    "brandwatch_x.csv": (
        "Brandwatch",
        {
            "mention_id": "r1",
            "text": "no signal since the update",
            "created_at": _at(2024, 5, 1, 13, 4, 5),
            "parent_id": "1250",
            "author": "finch_2",
        },
    ),
    "brandwatch_api.json": (
        "Brandwatch",
        {
            "mention_id": "r-1",
            "text": "Second missed visit this month and no call",
            "created_at": _at(2020, 5, 1, 13, 4, 5),
            "author": "wren_k",
            "channel": "forum",
            "thread_id": "t77",
        },
    ),
    "meltwater_old.csv": (
        "Meltwater",
        {
            "mention_id": "1531",
            "text": "my router light is red again",
            "created_at": _at(2022, 6, 1, 21, 41),
            "author": "@plum",
            "brand": "Bramble UK",
        },
    ),
    "meltwater_new.csv": (
        "Meltwater",
        {"created_at": _at(2024, 7, 23), "author": "@beanpole", "channel": "X"},
    ),
    "sprinklr.csv": (
        "Sprinklr",
        {
            "text": "charged twice, and the chat says wait",
            "author": "kit_k",
            "channel": "TWITTER",
            "url": "https://example.org/s/1",
            "created_at": _at(2025, 2, 3, 10, 11, 12),
        },
    ),
    "sprinklr_old.csv": (
        "Sprinklr",
        {"author": "mo_p", "created_at": _at(2019, 1, 31, 16, 5)},
    ),
    "talkwalker.csv": (
        "Talkwalker",
        {
            "mention_id": "881",
            "created_at": _at(2023, 4, 23, 14, 30),
            "author": "nasser_stiefel",
            "channel": "TWITTER",
            "language": "de",
            "brand": "Bramble",
        },
    ),
    "talkwalker.json": (
        "Talkwalker",
        {"created_at": _at(2023, 4, 23, 14, 30), "author": "ann_b", "channel": "TWITTER"},
    ),
    "determ.csv": (
        "Determ",
        {
            "text": "slow every evening since the storm",
            "created_at": _at(2024, 1, 9, 18, 40),
            "channel": "twitter.com",
            "author": "river",
        },
    ),
    "brand24.csv": (
        "Brand24",
        {
            "mention_id": "b1",
            "text": "they promised a voucher",
            "created_at": _at(2025, 5, 20, 21, 9),
            "channel": "reddit.com",
        },
    ),
    "brand24_pt.csv": (
        "Brand24",
        {
            "text": "fui cobrado duas vezes este mês",
            "created_at": _at(2025, 2, 28),
            "author": "ana_l",
            "channel": "Twitter",
        },
    ),
    "zendesk.csv": (
        "Zendesk",
        {
            "mention_id": "501",
            "text": "Moving house, charged a leaving fee",
            "author": "9001",
            "channel": "Mail",
            "status": "Open",
            "answered_at": _at(2025, 6, 1, 11, 30),
        },
    ),
    "zendesk.jsonl": (
        "Zendesk JSON",
        {
            "mention_id": "601",
            "text": "Code\nThe text code never comes.\n\nUma",
            "channel": "email",
            "created_at": _at(2025, 6, 3, 8),
        },
    ),
    "freshdesk.csv": (
        "Freshdesk",
        {
            "mention_id": "301",
            "text": "Engineer missed slot\nNobody came between 8 and 12.\nPlease rebook.",
            "created_at": _at(2025, 1, 5, 10, 11, 12),
            "answered_at": _at(2025, 1, 5, 12, 11, 12),
            "status": "Open",
            "brand": "Broadband",
            "channel": "Portal",
        },
    ),
    "freshdesk_user.csv": ("Freshdesk", {"text": "Router colour", "status": "Resolved"}),
    "freshservice.csv": (
        "Freshservice",
        {"mention_id": "INC-7", "text": "VPN drops\nIt drops every hour.", "brand": None},
    ),
    "gorgias.csv": (
        "Gorgias",
        {
            "text": "Where is it\nThe parcel is lost",
            "author": "nia@example.org",
            "brand": "TV box",
            "channel": "email",
        },
    ),
    "twcs.csv": (
        "Customer Support on Twitter",
        {
            "mention_id": "1",
            "text": "@115712 Sorry to hear &amp; please DM us",
            "inbound": False,
            "parent_id": "3",
            "author": "BrambleHelp",
            "created_at": _at(2017, 10, 31, 22, 10, 47),
        },
    ),
    "tweets_airline.csv": (
        "Twitter US Airline Sentiment",
        {"created_at": _at(2015, 2, 24, 19, 35, 52), "author": "hal", "brand": "Bramble Air"},
    ),
    "cfpb.csv": (
        "CFPB",
        {
            "mention_id": "3001",
            "created_at": _at(2020, 3, 18),
            "brand": "BRAMBLE BANK",
            "channel": "Web",
            "author": None,
        },
    ),
    "cfpb_excel.csv": ("CFPB", {"created_at": _at(2020, 3, 18)}),
    "google_play.csv": (
        "Google Play",
        {
            "mention_id": "g-1",
            "author": "Pia Q",
            "created_at": _at(2024, 12, 6, 20, 26, 11),
            "answered_at": _at(2024, 12, 7, 8),
            "status": "answered",
        },
    ),
    "google_play_excel.csv": ("Google Play", {"created_at": _at(2024, 12, 3, 18, 40)}),
    "x_v2_response.json": (
        "X API v2",
        {
            "mention_id": "1001",
            "author": "moth_er",
            "parent_id": "1000",
            "thread_id": "1000",
            "created_at": _at(2026, 6, 24, 16, 28, 14),
        },
    ),
    "x_v2_stream.jsonl": (
        "X API v2",
        {"mention_id": "1003", "author": "fog_bank", "inbound": True},
    ),
    "x_v1.json": (
        "X API v1.1",
        {
            "mention_id": "967",
            "text": "@BrambleHelp what is the number to cancel",
            "author": "fern_y",
            "parent_id": "966",
            "created_at": _at(2018, 2, 23, 22, 34, 37),
            "channel": "x",
        },
    ),
    "bluesky.json": (
        "Bluesky",
        {
            "mention_id": "at://did:plc:a/app.bsky.feed.post/1",
            "text": "bill up 12% mid contract",
            "author": "heron.example",
            "parent_id": "at://p",
            "thread_id": "at://r",
            "language": "en",
            "created_at": _at(2025, 11, 2, 10, 0, 0, 123000),
        },
    ),
    "mastodon.json": (
        "Mastodon",
        {
            "mention_id": "110",
            "text": "So @bramble & their chat bot\nsays no\n\nAgain.",
            "author": "k@m.example",
            "parent_id": "109",
        },
    ),
    "app_reviews.csv": (
        "generic",
        {"text": "Needs select all\nLet us pick more than one bill.", "brand": "My Bramble"},
    ),
    "complaint_titles.csv": (
        "generic",
        {
            "mention_id": "250635",
            "text": "Slow speeds at night",
            "created_at": _at(2015, 4, 22, 15, 53, 50),
            "channel": "Internet",
            "status": "Closed",
        },
    ),
}


def test_every_fixture_is_expected() -> None:
    assert {path.name for path in LAYOUTS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_layout_and_first_mention(name: str) -> None:
    layout, wanted = EXPECTED[name]
    rows, reader = read(LAYOUTS / name)
    assert reader.files[0].layout == layout
    assert {key: rows[0][key] for key in wanted} == wanted


def test_texts_fall_back_row_by_row() -> None:
    rows, _ = read(LAYOUTS / "brandwatch_2026.csv")
    assert rows[1]["text"] == "@BrambleHelp fair play, sorted in ten minutes"
    rows, _ = read(LAYOUTS / "meltwater_old.csv")
    assert rows[1]["text"] == "Bramble will raise prices in July."


def test_a_body_that_repeats_its_title_stands_alone() -> None:
    rows, _ = read(LAYOUTS / "app_reviews.csv")
    assert rows[1]["text"] == "Great app and so quick"
    assert rows[2]["text"] == "Meh"


def test_company_posts_are_told_and_counted() -> None:
    rows, reader = read(LAYOUTS / "x_v2_stream.jsonl")
    assert [row["inbound"] for row in rows] == [True, False]
    assert rows[1]["parent_id"] == rows[0]["mention_id"]
    assert reader.files[0].company == 1


def test_brandwatch_workbook(tmp_path) -> None:
    header = ["Query Id", "Query Name", "Date", "Mention Id", "Page Type", "Full Text", "Author"]
    path = write_xlsx(
        tmp_path / "mentions.xlsx",
        [
            ["Report:", "Bulk Mentions Download"],
            ["Brand:", "Bramble"],
            ["From:", "2026-03-01T00:00:00.000Z"],
            ["To:", "2026-03-13T23:59:59.000Z"],
            ["Label:", "General"],
            ["Separator", ""],
            header,
            [1, "Bramble", "2026-03-13T20:00:00.000Z", 12345, "forum", "no signal <again>", "jo"],
            [1, "Bramble", 46093.5, 12346, "forum", "", "jo"],
        ],
    )
    rows, reader = read(path)
    assert reader.files[0].layout == "Brandwatch"
    assert reader.files[0].details == {"sheet": "Sheet0", "header": "row 7"}
    assert rows[0]["mention_id"] == "12345"
    assert rows[0]["text"] == "no signal <again>"
    assert [(r.row, r.reason) for r in reader.rejects] == [(9, "no text")]


def test_doubtful_columns_become_a_brand_only_where_values_repeat(tmp_path) -> None:
    few = "".join(f"some words {i},Bramble TV\n" for i in range(40))
    many = "".join(f"some words {i},item {i}\n" for i in range(40))
    assert read(write(tmp_path, "a.csv", "text,product\n" + few))[0][0]["brand"] == "Bramble TV"
    assert read(write(tmp_path, "b.csv", "text,product\n" + many))[0][0]["brand"] is None


def test_description_for_a_dry_run() -> None:
    text = describe(LAYOUTS / "cfpb.csv")[0].as_text()
    assert "layout    CFPB" in text
    assert "text = Consumer complaint narrative" in text
    assert "2 read, 1 mentions" in text
    assert "dates read month-first" in text
    assert "3001 | 2020-03-18 00:00:00" in text
    assert "no text (1)" in text
