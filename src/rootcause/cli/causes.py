"""Commands about causes: what the register knows, and what people decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli.options import (
    CauseId,
    Day,
    EncoderName,
    Folder,
    Format,
    Out,
    RegisterFile,
    Shape,
    Who,
    say,
    user,
)

if TYPE_CHECKING:
    from rootcause.register import Register

app = typer.Typer(
    help="Look at causes and decide about them.", no_args_is_help=True, rich_markup_mode=None
)

DEFAULT = Path("rootcause.db")


@app.command("list")
def list_causes(
    register: RegisterFile = DEFAULT,
    shape: Shape = Format.csv,
    every: Annotated[bool, typer.Option("--all", help="Retired and merged causes too.")] = False,
) -> None:
    """Print every cause with its latest numbers."""
    from rootcause.register.views import HEADER, overview

    with _open(register) as book:
        _print(HEADER, overview(book, every=every), shape)


@app.command("show")
def show(cause: CauseId, register: RegisterFile = DEFAULT, shape: Shape = Format.json) -> None:
    """Print all that is known about a cause (csv: its mentions)."""
    from rootcause.register.views import MEMBER_HEADER, details, members

    with _open(register) as book:
        if shape is Format.csv:
            _print(MEMBER_HEADER, members(book, cause), shape)
        else:
            typer.echo(json.dumps(details(book, cause), indent=2, ensure_ascii=False))


@app.command("suggestions")
def suggestions(register: RegisterFile = DEFAULT, shape: Shape = Format.csv) -> None:
    """Print the splits and merges that wait for a person, with the command that takes each."""
    from rootcause.register.views import SUGGESTED_HEADER, suggested

    with _open(register) as book:
        _print(SUGGESTED_HEADER, suggested(book), shape)


@app.command("rename")
def rename(
    cause: CauseId,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")],
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Give a cause a title that no report overwrites."""
    from rootcause.register import edits

    with _open(register) as book:
        typer.echo(edits.rename(book, cause, title, who=user(who)))


@app.command("merge")
def merge(
    causes: Annotated[list[str], typer.Argument(metavar="CAUSE", help="Causes to merge.")],
    into: Annotated[str, typer.Option(metavar="CAUSE", help="The cause that takes them in.")],
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Merge causes into another, which takes over all they have."""
    from rootcause.register import edits

    with _open(register) as book:
        typer.echo(edits.merge(book, causes, into, who=user(who)))


@app.command("split")
def split(
    cause: CauseId,
    *,
    mention: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A mention to move (repeatable).")
    ] = None,
    like: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Move the mentions that are like this text.")
    ] = None,
    suggested: Annotated[
        bool, typer.Option("--suggested", help="Move the smaller of the parts it falls into.")
    ] = False,
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", help="Title of the new cause.")
    ] = None,
    scored: Folder = None,
    encoder: EncoderName = "builtin",
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Move some mentions of a cause into a new one; print its id."""
    import numpy as np

    from rootcause.cli.likeness import as_kept, encode_like
    from rootcause.errors import UsageError
    from rootcause.register import choose, edits

    if suggested and like is not None:
        raise UsageError("--suggested and --like are two ways to say what moves; give one")
    with _open(register) as book:
        found = choose.members(book, cause, scored, str)
        found = found if scored is None else as_kept(found)
        wanted = None if like is None else encode_like(book, like, encoder)
        if suggested:
            kept = choose.members(book, cause, None, str)
            wanted = choose.smaller_part(np.stack([one.vector for one in kept]))
        moved, exemplars = choose.pick(found, mention_ids=mention or (), like=wanted)
        new = edits.split(book, cause, moved, who=user(who), title=title, exemplars=exemplars)
    say(f"{len(moved):,} mentions moved to {new}")
    typer.echo(new)


@app.command("assign")
def assign(
    cause: CauseId,
    *,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Who owns the cause.")] = None,
    area: Annotated[
        str | None, typer.Option(metavar="AREA", help="Area, see docs/labels.md.")
    ] = None,
    action: Annotated[str | None, typer.Option(metavar="TEXT", help="What will be done.")] = None,
    due: Annotated[str | None, typer.Option(metavar="DATE", help="By when.")] = None,
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Set owner, area, action, due date; '' clears one."""
    from rootcause.register import edits

    with _open(register) as book:
        typer.echo(
            edits.assign(book, cause, who=user(who), owner=owner, area=area, action=action, due=due)
        )


@app.command("fix")
def fix(
    cause: CauseId,
    on: Day,
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="What was changed.", show_default=False)
    ] = "",
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Record a fix; later reports measure whether it worked."""
    from rootcause.register import edits

    with _open(register) as book:
        typer.echo(edits.fix(book, cause, edits.iso_day(on, "--on"), note, who=user(who)))


@app.command("reopen")
def reopen(
    cause: CauseId,
    on: Annotated[
        str,
        typer.Option("--on", metavar="DATE", help="Day, such as 2026-10-12.", show_default="today"),
    ] = "",
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Take back the last fix of a cause; it stays on record."""
    from rootcause.register import edits

    day = edits.iso_day(on, "--on") if on else date.today()
    with _open(register) as book:
        typer.echo(edits.reopen(book, cause, day, who=user(who)))


@app.command("outreach")
def outreach(
    cause: CauseId,
    scored: Annotated[Path, typer.Option(metavar="DIR", help="Scored folder of the mentions.")],
    out: Out = None,
    register: RegisterFile = DEFAULT,
    shape: Shape = Format.csv,
) -> None:
    """List the people to tell that a cause is fixed."""
    from rootcause.files import write_text
    from rootcause.register.outreach import HEADER, people_to_tell

    with _open(register) as book:
        people = people_to_tell(book, cause, scored)
    if out is None:
        _print(HEADER, people, shape)
    else:
        write_text(out, _text(HEADER, people, shape), excel=shape is Format.csv)
        say(f"{len(people):,} people in {out}")


@app.command("verify")
def verify(register: RegisterFile = DEFAULT) -> None:
    """Check that a register is whole; exit 1 if it is not."""
    from rootcause.errors import DataError
    from rootcause.register import check

    with _open(register) as book:
        problems = check.verify(book)
        causes, weeks = len(book.causes()), book.weeks()
    if problems:
        raise DataError(f"register {register} is damaged: {'; '.join(problems)}")
    typer.echo(f"ok: {causes:,} causes, {len(weeks):,} weeks")
    stale = [str(facts.week) for facts in weeks if facts.stale]
    if stale:
        say(f"stale, report them again: {', '.join(stale)}")


@app.command("export")
def export(out: Out = None, register: RegisterFile = DEFAULT) -> None:
    """Write the whole register as JSON, for backup."""
    from rootcause.files import write_text
    from rootcause.register import exchange

    with _open(register) as book, book.transaction(write=False):
        if out is not None:
            write_text(out, "".join(exchange.export(book)))
            return
        for piece in exchange.export(book):
            typer.echo(piece, nl=False)


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="File that export wrote.")],
    register: RegisterFile = DEFAULT,
) -> None:
    """Make a new register from an export."""
    from rootcause.register import exchange

    with exchange.load(source, register) as book:
        say(f"{len(book.causes()):,} causes, {len(book.weeks()):,} weeks")
    typer.echo(register)


@app.command("migrate")
def migrate(
    encoder: EncoderName = "builtin",
    scored: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder scored by the model to go over to."),
    ] = None,
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Move a register to another encoder or model: encode its exemplars again."""
    from rootcause.cli.likeness import model_of, space_of
    from rootcause.register import moving

    encode, space = space_of(encoder)
    model_id = None if scored is None else model_of(scored, space)
    with _open(register) as book:
        count = moving.move(book, encode, space, who=user(who), model_id=model_id)
    say("reports from now on say where the series break; score the dumps with this encoder too")
    typer.echo(f"{count:,} exemplars encoded with {space['encoder_name']}")


@app.command("forget")
def forget(
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Erase what this author wrote.")
    ] = None,
    mention: Annotated[str | None, typer.Option(metavar="ID", help="Erase this mention.")] = None,
    scored: Folder = None,
    register: RegisterFile = DEFAULT,
    who: Who = "",
) -> None:
    """Erase a person or a mention."""
    from rootcause.register.forget import forget as run

    with _open(register) as book:
        gone = run(book, who=user(who), author=author, mention_id=mention, scored=scored)
    typer.echo(
        f"erased: {gone.assignments:,} assignments, {gone.exemplars:,} exemplars, "
        f"{gone.scored:,} scored mentions"
    )
    if scored is None:
        say("scored mentions are untouched; give --scored DIR to erase them too")
    say("reports written earlier may quote what was erased; write them again with report --week")


def _open(path: Path) -> Register:
    from rootcause.register import Register

    return Register.open(path)


def _text(header: Sequence[str], rows: Sequence[Sequence[object]], shape: Format) -> str:
    if shape is Format.csv:
        from rootcause.files import csv_rows

        return csv_rows(header, rows)
    listed = [dict(zip(header, row, strict=True)) for row in rows]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def _print(header: Sequence[str], rows: Sequence[Sequence[object]], shape: Format) -> None:
    typer.echo(_text(header, rows, shape), nl=False)
