"""The two small files a report may be given: units per week, and who owns what."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from rootcause.errors import DataError, RootcauseError
from rootcause.records import Week


def read_exposure(path: Path) -> dict[str, float]:
    """Return {week: units} of a CSV with the columns week and units.

    Raises DataError, naming the row, for a week or a number that cannot be read.
    """
    units: dict[str, float] = {}
    for number, row in _rows(path, ("week", "units")):
        try:
            week = str(Week.parse(row["week"].strip()))
            value = float(row["units"].replace(",", "").strip())
        except (ValueError, RootcauseError):
            raise DataError(
                f"{path} row {number}: week {row['week']!r} with units {row['units']!r}; "
                "write a week such as 2026-W47 and a number"
            ) from None
        if not 0 < value < float("inf"):
            raise DataError(f"{path} row {number}: units {row['units']!r} must be above zero")
        if week in units:
            raise DataError(f"{path} row {number}: week {week} stands there twice; keep one row")
        units[week] = value
    return units


def read_owners(path: Path) -> dict[str, tuple[str, str]]:
    """Return {area, cause id or title: (owner, e-mail)} of a CSV area_or_cause,owner,email."""
    found: dict[str, tuple[str, str]] = {}
    for number, row in _rows(path, ("area_or_cause", "owner")):
        key, owner = row["area_or_cause"].strip(), row["owner"].strip()
        if not key or not owner:
            raise DataError(f"{path} row {number}: area_or_cause and owner must both be given")
        found[key] = (owner, (row.get("email") or "").strip())
    return found


def _rows(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"file {path} does not exist; check the path") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text; save it as CSV UTF-8") from None
    sample = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in sample else ",")
    seen = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = seen
    missing = [name for name in wanted if name not in seen]
    if missing:
        raise DataError(
            f"{path} has no column {missing[0]!r}; it has: {', '.join(seen) or 'nothing'}"
        )
    for number, row in enumerate(reader, start=2):
        yield number, {name: value or "" for name, value in row.items() if name}
