"""The forms that dates are written in, as patterns, and the names of months and zones."""

from __future__ import annotations

import re

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier", "feb february februar", "mar march", "apr april avril",
            "may mai", "jun june juni juin", "jul july juli juillet", "aug august",
            "sep sept september septembre", "oct october oktober okt octobre",
            "nov november novembre", "dec december dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

# RFC 2822's zones and those of Europe; an unknown name makes the date unreadable, not wrong.
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "ut": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2,
    "eet": 2, "eest": 3,
}  # fmt: skip

TIME = (
    r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?:\s*(?P<ap>[AaPp])\.?[Mm]\.?)?"
)
ZONE = r"(?:UTC|GMT)?(?P<z>[+-]\d{2}:?\d{2}|[A-Za-z]{1,4})?"
NUMERIC = re.compile(
    rf"(?P<a>\d{{1,4}})[./-](?P<b>\d{{1,2}})[./-](?P<c>\d{{1,4}})(?:[T ,]+{TIME})?\s*{ZONE}$"
)
HOURS = re.compile(rf"{TIME}\s*{ZONE}$")
TWITTER = re.compile(
    r"[A-Za-z]{3} (?P<m>[A-Za-z]{3}) (?P<d>\d\d) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d) "
    r"(?P<z>[+-]\d{4}|[A-Z]{3}) (?P<y>\d{4})$"
)
# 31 Oct 2017 · Tue, 31 Oct 2017 22:10:47 +0000 · 22-Apr-15
DAY_MONTH = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:of )?"
    rf"(?P<m>[A-Za-z]{{3,9}})\.?,?[ -](?P<y>\d{{4}}|\d{{2}})(?:,?(?: at)?[ T]+{TIME})?\s*{ZONE}$"
)
# October 31, 2017 at 10:10 PM
MONTH_DAY = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<m>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    rf"(?P<y>\d{{4}})(?:,?(?: at| @)?\s+{TIME})?\s*{ZONE}$"
)
