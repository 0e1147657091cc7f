"""Titles, key phrases and quotes."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from rootcause.bundled import bundled
from rootcause.cluster import represent
from rootcause.errors import DataError
from rootcause.naming import LibraryPhrase, load_library, name_clusters
from rootcause.naming.backing import UPDATE, Backing
from rootcause.naming.choice import LIBRARY, WORDS, Ranked, choose
from rootcause.naming.senses import SENSES, senses
from rootcause.naming.words import clauses, same_words, spans, stem, tidy
from rootcause.records import AREAS

FEE = [
    "Moving house and Acme wants an early exit fee of 180 although they cannot serve the new flat",
    "Acme charges me an exit fee because I move to a street without their cable",
    "why should I pay to leave early when you do not offer broadband at my new address",
    "The early leaving fee for moving home is a disgrace! 200 pounds for nothing",
    "got a job in another town, acme says termination fee applies even without coverage there",
    "exit fee for moving house. not my fault you have no network there",
]
CODE = [
    "login code by text never arrives, locked out of my account for three days",
    "Acme app sends no text code so I cannot sign in",
    "waiting for the verification text again, no code, no access to my account",
    "the sms with the login code came four hours late and had expired",
    "cannot log in, the code text does not come through on my phone",
    "no security code by text since the weekend. how do I get in?",
]
WAIT = [
    "engineer did not turn up, day off work wasted",
    "Third time the Acme engineer misses the appointment and nobody rings",
    "waited in from eight to one and no engineer came",
    "the technician never showed up for the booked slot",
    "booked engineer visit, no show, no call, rebooked for next week",
    "sat at home all morning waiting for an engineer who never came",
]
TEXTS = FEE + CODE + WAIT
LABELS = np.repeat([0, 1, 2], 6)


def named(texts=TEXTS, labels=LABELS, **options):
    vectors = represent(texts, np.ones((len(texts), 4), dtype=np.float32))
    return name_clusters(texts, labels, vectors, **options)


def test_titles_say_what_the_mentions_say():
    fee, code, wait = named(avoid_words=["Acme"])
    assert any(w in fee.title for w in ("fee", "leaving", "moving"))
    assert any(w in code.title for w in ("code", "log in", "login", "text"))
    assert any(w in wait.title for w in ("engineer", "technician", "appointment"))


def test_titles_are_unique_readable_and_without_brand():
    names = named(avoid_words=["@Acme"])
    titles = [name.title for name in names]
    assert len(set(titles)) == 3
    for name in names:
        assert 3 <= len(name.title.split()) <= 7
        assert "acme" not in name.title.lower()
        assert all("acme" not in phrase for phrase in name.key_phrases)


def test_a_taken_title_is_not_given_again():
    first = named()
    again = named(taken=[name.title for name in first])
    assert not {n.title for n in first} & {n.title for n in again}


def test_quotes_are_three_different_members():
    for group, name in enumerate(named()):
        rows = [name.central, name.typical, name.sharpest]
        assert len(set(rows)) == 3
        assert all(LABELS[row] == group for row in rows)


def test_a_group_of_one_text_has_one_quote():
    name = named([*TEXTS, "odd one"], np.append(LABELS, 3))[3]
    assert name.central == 18
    assert name.typical is None
    assert name.sharpest is None


def test_key_phrases_do_not_repeat_their_words():
    for name in named():
        words = [word for phrase in name.key_phrases for word in phrase.split()]
        assert len(words) == len(set(words))


def test_row_order_changes_only_the_indices():
    order = np.random.default_rng(5).permutation(len(TEXTS))
    mixed = named([TEXTS[i] for i in order], LABELS[order])
    for a, b in zip(named(), mixed, strict=True):
        assert (a.title, a.key_phrases, a.source) == (b.title, b.key_phrases, b.source)
        assert (a.central, a.typical, a.sharpest) == tuple(
            int(order[r]) for r in (b.central, b.typical, b.sharpest)
        )


def test_nothing_to_name():
    assert named(labels=np.full(18, -1)) == []
    assert name_clusters([], [], np.zeros((0, 4), np.float32)) == []


def test_the_library_is_sound():
    phrases = load_library()
    assert len(phrases) >= 2_500
    assert len({p.phrase.lower() for p in phrases}) == len(phrases)
    assert {p.area for p in phrases} <= {*AREAS, "questions"}
    assert all(3 <= len(p.phrase.split()) <= 7 for p in phrases)
    places = [*AREAS, "questions"]
    order = [(places.index(p.area), p.phrase.lower()) for p in phrases]
    assert order == sorted(order), "data/cause_phrases.csv is kept in order of area and phrase"


def test_the_library_speaks_of_every_area():
    count = Counter(p.area for p in load_library())
    assert all(count[area] >= 20 for area in (*AREAS, "questions") if area != "general")


NOTES = bundled("data").parent.parent / "shared" / "datasets" / "labeled" / "cause_notes.csv"

# a check for whoever writes phrases, with the data beside the checkout: no component is missing
if NOTES.exists():

    def test_no_library_phrase_is_copied_from_the_data():
        with NOTES.open(encoding="utf-8", newline="") as stream:
            causes = {row["cause"].strip().lower() for row in csv.DictReader(stream)}
        assert not [p.phrase for p in load_library() if p.phrase.lower() in causes]


def test_an_unreadable_library_is_one_line(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_library(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_text("title\nx\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column"):
        load_library(tmp_path / "bad.csv")


@pytest.mark.parametrize(
    ("text", "title", "cut"),
    [
        (
            "the app crashes after every update",
            "app crashes after every update",
            "crashes after every",
        ),
        ("the desktop app does not support the reading list", None, "desktop app does not support"),
        ("it is impossible to switch several accounts", None, "switch several accounts"),
        ("there is still no dark mode and I wait", "no dark mode", "mode and I wait"),
        ("such a hassle not to delete all mails", None, "not to delete all mails"),
    ],
)
def test_a_title_from_a_mention_is_a_whole_thought(text, title, cut):
    found = spans(clauses(text, frozenset()))
    assert title is None or title in found
    assert cut not in found


def test_a_title_is_shown_as_people_write_it():
    assert tidy("still doesnt support split view") == "doesn't support split view"
    assert tidy("wont let me log in") == "won't let me log in"


def chosen(ranked, used=(), shares=None, asking=False):
    return choose(ranked, set(used), shares=shares or {}, asking=asking)


def test_a_broad_title_comes_before_a_specific_one_that_fits_little():
    broad = Ranked(phrase="trouble with notifications", fit=1.26, source=LIBRARY, broad=True)
    for fit, title in ((1.3, broad.phrase), (1.5, "notifications arrive late")):
        specific = Ranked(phrase="notifications arrive late", fit=fit, source=LIBRARY)
        assert chosen([specific, broad]).phrase == title


def test_a_phrase_that_fits_little_is_no_title():
    loose = Ranked(phrase="notifications arrive late", fit=1.0, source=LIBRARY)
    assert chosen([loose]).phrase == "mixed complaints without a common problem"
    wishes = Ranked(phrase="wishes for new features", fit=1.0, source=LIBRARY, broad=True)
    assert chosen([loose, wishes]).phrase == wishes.phrase


def test_the_update_is_blamed_only_where_the_mentions_blame_it():
    def backed(blaming):
        said = [
            senses(["app", "does", "not", "open"]) | ({UPDATE} if i < blaming else set())
            for i in range(10)
        ]
        said += [senses(["late", "parcel"]) for _ in range(40)]
        found = Backing(said, np.repeat([0, 1], [10, 40]))
        phrases = ["app does not open since the update", "app does not open"]
        return found.score(found.table(phrases), 0).backed.tolist()

    assert backed(4) == [True, True]
    assert backed(2) == [False, True]


def test_where_nothing_fits_the_title_says_what_the_group_is_about():
    often = {"attachment": (0.6, 0.1), "email": (0.7, 0.6)}
    found = chosen([], shares=often)
    assert (found.phrase, found.source) == ("trouble with attachments", WORDS)
    assert chosen([], shares={"price": (0.6, 0.1)}).phrase == "complaints about prices"
    assert chosen([], shares=often, asking=True).phrase == "questions about attachments"


def test_a_group_without_a_common_matter_is_called_mixed():
    rare = chosen([], shares={"attachment": (0.25, 0.1), "email": (0.4, 0.28)})
    assert rare.phrase == "mixed complaints about emails and attachments"
    assert chosen([]).phrase == "mixed complaints without a common problem"


def test_groups_of_which_nothing_can_be_said_have_titles_of_their_own():
    used: set[frozenset[str]] = set()
    titles = []
    for key in ("ireland", "violin", "marmalade", "point", "harbour"):
        best = choose([], used, shares={}, keys=(key,))
        used.add(same_words(best.phrase))
        titles.append(best.phrase)
    assert titles[2] == "mixed complaints that mention 'marmalade'"
    assert "point" not in titles[3], "a light word says nothing"
    assert len(set(titles)) == 5


# groups of one word each, of noise, and of what no phrase tells: what bare titles were made of
ODD = {
    "code phone": ["code phone", "phone code code", "code on phone", "phone, code", "code/phone"],
    "noise": ["qwerty plok", "zzz brum", "asdf lirum larum", "foo bar baz", "plonk dink"],
    "stars": ["one star", "star star star", "zero stars", "stars: none", "two stars only"],
    "zebra": ["zebra crossing ate it", "zebra says no", "that zebra!", "my zebra left", "zebra"],
}


@pytest.mark.parametrize("questions", [None, True, False])
def test_no_title_is_a_list_of_bare_words(questions):
    texts = [*TEXTS, *(text for group in ODD.values() for text in group)]
    labels = np.append(LABELS, np.repeat([3, 4, 5, 6], 5))
    for name in named(texts, labels, questions=questions):
        assert reads_like_a_title(name.title), name.title


def test_no_title_of_a_demo_week_is_a_list_of_bare_words():
    week = bundled("data/dumps") / "2026-W44" / "brandwatch.csv"
    lines = week.read_text(encoding="utf-8-sig").splitlines()
    texts = [line for line in lines if len(line) > 80][:150]
    labels = np.arange(len(texts)) % 25  # groups that have nothing in common
    for name in named(texts, labels):
        assert reads_like_a_title(name.title), name.title
    assert len({name.title for name in named(texts, labels)}) == 25


def reads_like_a_title(title):
    words = title.split()
    # commas stand only between verbs of the library's own phrases
    listed = "," in title and title not in {p.phrase for p in load_library()}
    return 3 <= len(words) <= 8 and not listed and ":" not in title


def test_signing_out_is_another_matter_than_signing_in():
    in_, out = (
        {*senses(f"I {verb} {way} of it".split())}
        for verb, way in (("log", "in"), ("signed", "out"))
    )
    assert ("login" in in_, "logout" in out) == (True, True)
    assert "login" not in out


def test_what_is_denied_is_another_matter_than_what_is_said():
    library = ["no notifications of new messages"]
    gains = []
    for text in ("I get no notifications of messages", "tired of notifications of messages"):
        said = [frozenset(senses(text.split()))] * 3 + [frozenset({"parcel"})] * 3
        backing = Backing(said, np.array([0, 0, 0, -1, -1, -1]))
        gains.append(float(backing.score(backing.table(library), 0).gain[0]))
    assert gains[0] == 1.0
    assert gains[1] < 0.9


def test_a_phrase_is_backed_by_mentions_in_other_words():
    said = [
        senses(text.split()) for text in ("my pics are gone", "lost every picture", "image lost")
    ]
    backing = Backing([frozenset(found) for found in said], np.zeros(3, dtype=np.int64))
    found = backing.score(backing.table(["photos are lost", "parcels are lost"]), 0)
    assert found.backed.tolist() == [True, False]
    assert found.gain[0] > found.gain[1]


def test_every_sense_has_words_of_its_own():
    words = [stem(word) for line in SENSES.splitlines() for word in line.split()]
    senses_of = {}
    for line in SENSES.splitlines():
        for cut in {stem(word) for word in line.split()}:
            assert senses_of.setdefault(cut, line) == line
    assert words


def test_a_question_names_only_a_group_that_asks():
    library = (
        LibraryPhrase(phrase="how to pay exit fee", area="questions"),
        LibraryPhrase(phrase="early exit fee when moving", area="fees"),
    )
    assert named(library=library)[0].title == "early exit fee when moving"
    asking = [f"how do I pay the exit fee for flat {i}?" for i in range(6)]
    assert named([*asking, *CODE, *WAIT], library=library)[0].title == "how to pay exit fee"


def test_a_phrase_of_another_trade_names_nothing():
    library = (LibraryPhrase(phrase="long queue at the counter", area="queue"),)
    assert all(name.source != "library" for name in named(library=library))
