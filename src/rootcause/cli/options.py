"""Options that several commands share, and how talk reaches stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rootcause.errors import UsageError


class Format(StrEnum):
    """How rows are written to stdout."""

    csv = "csv"
    json = "json"


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
        metavar="A=venting,...",
        help="What your label names mean, such as Complaint=venting,Thanks=praise.",
        show_default=False,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "-m", "--model", metavar="DIR", help="Model folder.", show_default="the shipped model"
    ),
]
ModelFolder = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Model folder, or the word default for the shipped one."),
]
EncoderName = Annotated[
    str,
    typer.Option(metavar="NAME", help="builtin, or a sentence-transformers name or folder."),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-length",
        metavar="N",
        help="Tokens that a sentence-transformers encoder reads of a text.",
        min=8,
        show_default="as many as the encoder can",
    ),
]
VectorFolder = Annotated[
    Path | None,
    typer.Option(
        "--vectors",
        metavar="DIR",
        help="Keeps the vectors of a sentence-transformers encoder, so that a second run "
        "encodes nothing.",
        show_default="rootcause-vectors beside the output",
    ),
]
RegisterFile = Annotated[
    Path,
    typer.Option(
        "--register",
        metavar="FILE",
        help="Register; the one of a report is rootcause.db in its scored folder.",
    ),
]
CauseId = Annotated[str, typer.Argument(metavar="CAUSE", help="Cause id, such as RC-0007.")]
Who = Annotated[
    str,
    typer.Option(metavar="NAME", help="Who decides, for the log.", show_default="your user name"),
]
Shape = Annotated[Format, typer.Option("--format", help="How it is written.")]
Folder = Annotated[
    Path | None, typer.Option("--scored", metavar="DIR", help="Scored folder of the mentions.")
]
Day = Annotated[str, typer.Option("--on", metavar="DATE", help="Day, such as 2026-10-12.")]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FILE", help="File to write.", show_default="stdout"),
]


def vector_folder(given: Path | None, output: str | Path) -> Path:
    """Return where vectors are kept: the folder given, else one beside the output."""
    return given or Path(output).absolute().parent / "rootcause-vectors"


def say(message: str) -> None:
    """Write one line of talk to stderr."""
    sys.stderr.write(plain(message) + "\n")
    sys.stderr.flush()


def plain(message: str) -> str:
    """Return `message` on one line and without what a terminal would obey instead of show."""
    return "".join(sign if sign.isprintable() else " " for sign in message)


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


def user(who: str) -> str:
    """Return who decides: the name given, else the user name of this machine."""
    import getpass

    if who.strip():
        return " ".join(who.split())
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without users
        return "unknown"
