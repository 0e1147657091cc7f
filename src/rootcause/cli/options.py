"""Options that several commands share, and how talk reaches stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from rootcause.errors import UsageError

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=HEADER",
        help="Which header holds a column, such as text=Message (repeatable).",
    ),
]
LabelMap = Annotated[
    str,
    typer.Option(
        metavar="A=venting,...", help="What your label names mean, such as Complaint=venting."
    ),
]
Model = Annotated[
    str, typer.Option("-m", "--model", help="Model folder (default: the shipped model).")
]
RegisterFile = Annotated[Path, typer.Option("--register", help="Register file (SQLite).")]


def say(message: str) -> None:
    """Write one line of talk to stderr."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def pairs(values: Iterable[str] | None, option: str) -> dict[str, str]:
    """Return {name: value} of NAME=VALUE options; commas separate several in one.

    Raises UsageError for one without an equals sign.
    """
    found: dict[str, str] = {}
    for text in values or ():
        for part in filter(None, (piece.strip() for piece in _split(text, option))):
            name, equals, value = part.partition("=")
            if not equals or not name.strip() or not value.strip():
                raise UsageError(f"{option} {part!r} is not NAME=VALUE; write it with one =")
            found[name.strip()] = value.strip()
    return found


def _split(text: str, option: str) -> list[str]:
    # headers may hold commas, label names in one --label-map are separated by them
    return text.split(",") if option == "--label-map" else [text]
