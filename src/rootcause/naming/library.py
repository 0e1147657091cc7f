"""The phrases of common causes that ship with the product."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rootcause.bundled import bundled
from rootcause.errors import DataError


@dataclass(frozen=True, kw_only=True)
class LibraryPhrase:
    """A cause in plain words, and its area (or `questions`)."""

    phrase: str
    area: str


@lru_cache(maxsize=2)
def load_library(path: Path | None = None) -> tuple[LibraryPhrase, ...]:
    """Return the shipped phrases, or those of a CSV with the columns phrase and area.

    Raises DataError if the file cannot be read or has no such columns.
    """
    path = path or bundled("data/cause_phrases.csv")
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return tuple(LibraryPhrase(phrase=row["phrase"], area=row["area"]) for row in rows)
    except OSError as error:
        raise DataError(f"cause phrases {path} cannot be read ({error.strerror})") from error
    except KeyError as error:
        raise DataError(f"cause phrases {path} have no column {error}") from error
