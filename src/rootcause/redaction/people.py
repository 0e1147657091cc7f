"""The patterns of names of people: cues, titles, signatures, and common given names."""

from __future__ import annotations

import re
from pathlib import Path

_I = re.IGNORECASE


def _words(name: str) -> frozenset[str]:
    path = Path(__file__).with_name(f"{name}.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


CAP = r"[A-Z\u00c0-\u00de][\w\u00c0-\u024f'\u2019-]{1,24}"
SURNAME = rf"(?:(?:van|von|de|der|den|da|di|del|bin|al|la|le|ten)\s+){{0,2}}(?:{CAP}|[A-Z]\b\.?)"
TITLE = re.compile(
    rf"\b((?:Mr|Mrs|Ms|Miss|Mx|Sister|Brother|Father|Reverend|Rev|Officer|Captain|Nurse|Dr|Prof|Professor|Sir|Madam|Herr|Frau|Monsieur|Madame|"
    rf"Se\u00f1ora?)\.? )({SURNAME}(?: {SURNAME})?)"
)
SELF = re.compile(
    rf"\b((?i:my (?:full )?name(?:'s| is)|name(?:d| is|:)|in the name of|name on (?:the )?"
    rf"(?:account|order|booking)(?: is|:)?|account holder(?: is|:)?|under the name(?: of)?|"
    rf"passenger(?: name)?:?|signed,?|yours (?:sincerely|faithfully|truly),?)\s+)"
    rf"({CAP}(?: {SURNAME}){{0,2}})"
)
ROLE = re.compile(
    r"\b((?i:spoke (?:to|with)|talked (?:to|with)|speaking (?:to|with)|dealt with|chatted with|"
    r"(?:on the phone|live chat|chat|a call) with|"
    r"served by|helped by|(?:agent|rep|representative|manager|supervisor|advis[eo]r|technician|"
    r"engineer|driver|steward(?:ess)?|cashier|operator|colleague|assistant|lady|guy|man|woman|"
    r"girl|lad|bloke|chap|gentleman|employee|someone|person)"
    r"(?: (?:named|called|by the name of|name))?|my (?:husband|wife|partner|mum|mom|mother|dad|"
    r"father|son|daughter|sister|brother|gran|nan|aunt|uncle|friend|boss|flatmate|girlfriend|"
    r"boyfriend|kid|baby|cousin|niece|nephew|neighbou?r|grandson|granddaughter|fianc\u00e9e?|"
    r"carer|stepson|stepdaughter|landlord|landlady)(?:[ -]in[ -]law)?|ask for|named|"
    r"by the name of|cheers to|shout ?out to|"
    r"credit to|thanks to|thank you to|kudos to)\s+)"
    rf"({CAP}(?: {SURNAME})?)"
)
SIGN = re.compile(
    rf"(?:(?<=[.!?,]\s)|(?<=\n)|^)((?i:(?:kind |warm |best )?regards,?|best wishes,?|"
    rf"(?:best|cheers|many thanks|thanks|sincerely|thank you|yours)(?:,|\n))\s*\n?)"
    rf"((?:[A-Z]\. ?)*{CAP}(?: {SURNAME})?)(?=\W*$)"
)
DASH_SIGN = re.compile(rf"((?:^|\s)[-\u2013\u2014~^]\s?)({CAP}(?: {SURNAME})?)(?=\s*$)")
LOWER_SELF = re.compile(
    r"\b((?:my name(?:'s| is)|this is|i am|i'm|im)\s+)([a-z]{2,12})\b( [a-z]{3,15}\b)?", _I
)
LOWER_CUE = re.compile(
    r"\b((?:spoke (?:to|with)|talked to|agent|named|name is|name's|thanks|thank you|hi|hello|hey|"
    r"dear|cheers|shout ?out to|rep|called|with|from|by|and|lady|guy|driver)\s+)([a-z]{3,12})\b",
    _I,
)
# Capitalised words that follow a role or stand before a verb without being a name.
NO_NAME = _words("not_names")

# Given names that are hardly ever another word: masked wherever they stand with a capital.
GIVEN = _words("given")
# Given names that are also words, brands or places: masked only after a cue.
AMBIGUOUS = _words("ambiguous")
# What makes a person's name the name of something else.
BRAND_BEFORE = re.compile(
    r"\b(?:Aer|Ben (?:&|and|n)|St\.?|Saint|Marks (?:&|and)|Uncle|Trader|Papa|Five|Jack) $"
)
BRAND_AFTER = re.compile(
    r" (?:Lewis|Daniels?'?s?|Hortons?|Airport|Street|Road|Hospital|Stadium|Park|Station|Bay|Kors|"
    r"Hilfiger|Klein|Jacobs|Deere)\b|\s(?:&|and|n) Jerry|"
    r"'s (?:Burgers|Place|Kitchen|Club|Hot|Pizza)\b"
)
FAMILY_FIRST = re.compile(rf"(?<=\ba )({CAP}) \[name\]")
WORD = re.compile(rf"\b{CAP}")
REST = re.compile(rf"(?:\s[A-Z]\.?(?!\w))?(?:\s(?!I\b){SURNAME}){{1,2}}")
