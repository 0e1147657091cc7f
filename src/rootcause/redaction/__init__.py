"""Masks what identifies a person in texts that are shown: by rule, so that anyone can check it.

Measured on `tests/fixtures/redaction.csv` (recall and over-masking per kind). Names are the weak
spot of every rule; `docs/reading-the-report.md` says so too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rootcause.redaction import patterns, people


def redact(text: str, names: Iterable[str] = ()) -> str:
    """Return `text` with what identifies a person replaced by a word in brackets.

    Masked: email, link, phone, card, account (IBAN, sort code), id (national numbers), number
    (order, case, booking, long digits), address, date of birth, secret, handle, name. `names` are
    people known to the caller (such as the author), masked wherever they stand. Masking twice
    changes nothing more. Characters that no reader sees are dropped first: they would hide a
    number from the rules and not from the reader.
    """
    text = _links(_visible(text))
    known = _known(tuple(sorted(_standing({name.strip().lstrip("@") for name in names}, text))))
    if known is not None:
        text = known.sub("[name]", text)
    if any(c.isdigit() for c in text):
        text = _numbers(text)
    text = patterns.PNR.sub(r"\1[number]", text)
    text = patterns.SECRET.sub(r"\1[secret]", text)
    if "@" in text:
        text = patterns.HANDLE.sub("[handle]", text)
    text = patterns.DISCORD.sub("[handle]", patterns.REDDIT.sub("[handle]", text))
    text = patterns.CUED_HANDLE.sub(r"\1[handle]", text)
    return _names(text)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    keep = "\n\t\u200d"  # the joiner holds emoji together
    return "".join(c for c in text if c in keep or unicodedata.category(c) not in {"Cc", "Cf"})


def _links(text: str) -> str:
    if ":" in text or "." in text or "/" in text:
        text = patterns.SCRIPT_LINK.sub("[link]", patterns.URL.sub("[link]", text))
    if "@" in text:
        text = patterns.FEDIVERSE.sub("[handle]", text)
        text = patterns.EMAIL.sub("[email]", text)
    return patterns.EMAIL_SPOKEN.sub("[email]", text)


def _standing(names: set[str], text: str) -> list[str]:
    """Return the names that may stand in a text; a pattern for each author is slow to make."""
    if not text.isascii():
        return list(names)
    low = text.lower()
    return [name for name in names if not name.isascii() or name.lower() in low]


@lru_cache(maxsize=4096)
def _known(names: tuple[str, ...]) -> re.Pattern[str] | None:
    wanted = sorted((n for n in names if len(n) > 2), key=len, reverse=True)
    if not wanted:
        return None
    parts = "|".join(re.escape(n) for n in wanted)
    return re.compile(rf"(?<!\w)@?(?:{parts})(?!\w)", re.IGNORECASE)


def _numbers(text: str) -> str:
    text = patterns.BIRTH.sub(r"\1[date]", text)
    text = patterns.SORT_CODE.sub(r"\1[account]", text)
    text = patterns.NATIONAL.sub("[id]", text)
    text = patterns.IP.sub("[number]", text)
    text = patterns.IBAN.sub(_account, text)
    text = patterns.CARD_TAIL.sub(lambda m: (m[1] or m[2] or "") + "[card]", text)
    text = patterns.DIGITS.sub(_card, text)
    text = patterns.PLATE.sub("[number]", text)
    text = patterns.CUED_ID.sub(_cued, text)
    text = patterns.HASH_ID.sub("[number]", text)
    text = patterns.STREET.sub("[address]", text)
    text = patterns.POSTCODE.sub("[address]", text)
    text = patterns.LONG_ID.sub("[number]", text)
    return patterns.PHONE.sub(_phone, text)


def _account(match: re.Match[str]) -> str:
    """Mask what has an IBAN's length and enough digits, whether or not somebody mistyped it."""
    plain = re.sub(r"[ -]", "", match[0])
    digits = sum(c.isdigit() for c in plain)
    return "[account]" if 15 <= len(plain) <= 34 and digits >= 10 else match[0]


def _card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c.isdigit()]
    doubled = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits[::-1]))
    grouped = re.fullmatch(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}", match[0])
    if len(digits) < 20 and (doubled % 10 == 0 or grouped):
        return "[card]"
    return match[0] if patterns.DATE.fullmatch(match[0]) else "[number]"


def _cued(match: re.Match[str]) -> str:
    if patterns.QUANTITY.match(match.string, match.end()) or (
        not match[2].isdigit() and patterns.DATE.fullmatch(match[2])
    ):
        return match[0]
    return f"{match[1]}[number]"


def _phone(match: re.Match[str]) -> str:
    """Mask a run of seven or more digits unless it is a date, an amount or a measure."""
    found = match[0]
    amount = patterns.DATE.fullmatch(found) or patterns.QUANTITY.match(match.string, match.end())
    before = match.string[max(0, match.start() - 9) : match.start()]
    if found[0] != "+" and (amount or patterns.AMOUNT_CUE.search(before)):
        return found
    return "[phone]" if re.search(r"[^\d]|^0", found) else "[number]"


def _names(text: str) -> str:
    for cue in (people.TITLE, people.SELF, people.ROLE, people.SIGN, people.DASH_SIGN):
        text = cue.sub(_cued_name, text)
    text = people.LOWER_CUE.sub(_lower, people.LOWER_SELF.sub(_lower_self, text))
    # a family name that is written first: "went to a Zhang Wei"
    return people.FAMILY_FIRST.sub(_family_first, _given_names(text))


def _cued_name(match: re.Match[str]) -> str:
    words = match[2].split()
    first = _bare(words[0])
    shouted = words[0].isupper() and len(words[0]) > 1 and not match[0].isupper()
    verb = first.endswith(("ed", "ing")) and _plain(first) not in people.GIVEN
    if first in people.NO_NAME or verb or (shouted and _plain(first) not in people.GIVEN):
        return match[0]
    return match[1] + _masked(words)


def _bare(word: str) -> str:
    return re.sub(r"['\u2019]s$", "", word).capitalize()


def _masked(words: list[str]) -> str:
    """Return the mask for the leading words of a name, then the words that are none."""
    end = 1
    while end < len(words) and _bare(words[end]) not in people.NO_NAME:
        end += 1
    tail = re.search(r"['\u2019]s$", words[end - 1])
    return " ".join(["[name]" + (tail[0] if tail else ""), *words[end:]])


def _family_first(match: re.Match[str]) -> str:
    return match[0] if _bare(match[1]) in people.NO_NAME else "[name]"


def _given_names(text: str) -> str:
    """Mask common given names that stand with a capital, and the surname that follows."""
    parts: list[str] = []
    done = 0
    for word in people.WORD.finditer(text):
        start, end = word.span()
        if start < done:
            continue
        first = _plain(re.split(r"['\u2019-]", word[0])[0])
        if len(word[0]) < 4 and word[0].isupper():
            continue  # an airport or a unit sooner than a name
        sure = first in people.GIVEN
        if not sure and first not in people.AMBIGUOUS:
            continue
        if people.BRAND_BEFORE.search(text[max(0, start - 20) : start]):
            continue
        if brand := people.BRAND_AFTER.match(text[end : end + 20]):
            parts, done = [*parts, text[done : end + brand.end()]], end + brand.end()
            continue
        rest = people.REST.match(text, end)
        follows = rest is not None and _bare(rest[0].split()[0]) not in people.NO_NAME
        if not sure and (not follows or word[0].isupper()):
            continue
        if rest is not None and follows and rest[0].isupper() == word[0].isupper():
            # in a shouted sentence only the next word can be the surname
            words = rest[0].split()[: 1 if word[0].isupper() else None]
            end += len(rest[0]) if not word[0].isupper() else len(words[0]) + 1
        else:
            words = []
        parts += [text[done:start], _masked([word[0], *words])]
        done = end
    return "".join([*parts, text[done:]])


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in folded if not unicodedata.combining(c))


def _lower(match: re.Match[str]) -> str:
    return f"{match[1]}[name]" if _plain(match[2]) in people.GIVEN else match[0]


def _lower_self(match: re.Match[str]) -> str:
    named = match[1][:2].lower() == "my"
    wanted = people.GIVEN | people.AMBIGUOUS if named else people.GIVEN
    if not match[2].islower() or match[2] not in wanted:
        return match[0]
    after = match[3] or ""
    surname = named and after.strip().capitalize() not in people.NO_NAME
    return f"{match[1]}[name]{'' if surname else after}"
