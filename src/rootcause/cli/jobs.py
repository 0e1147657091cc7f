"""The long jobs: demo, score, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli.options import (
    Columns,
    EncoderName,
    MaxLength,
    Model,
    VectorFolder,
    pairs,
    say,
    vector_folder,
)


def demo(
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder to write.")
    ] = Path("rootcause-demo"),
) -> None:
    """Train, score and report ten weeks of an invented company."""
    from rootcause.demo import run_demo

    typer.echo(run_demo(out, say=say))


def score(
    context: typer.Context,
    dumps: Annotated[
        list[str],
        typer.Argument(metavar="DUMP", help="Dumps: files, globs, or - for stdin."),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="Folder, or a .csv, .jsonl or .parquet file.",
            show_default="none, required unless --dry-run",
        ),
    ] = None,
    model: Model = "default",
    column: Columns = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(metavar="HEADER", help="A column to carry along (repeatable)."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of the week borders.")
    ] = "UTC",
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes.", min=1, show_default="all cores"),
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="What runs the processes.")
    ] = "local",
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the words that carried each label.")
    ] = False,
    max_rejects: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Largest share of rows that may be unusable.", min=0, max=1
        ),
    ] = 0.05,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Where the model's encoder is on this machine.",
            show_default="where it was at training",
        ),
    ] = None,
    vectors: VectorFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what is recognised; score nothing.")
    ] = False,
) -> None:
    """Label every mention of some dumps."""
    from rootcause.errors import DataError, UsageError

    if context.obj and engine == "local":
        from rootcause.lean import without_f2py, without_pandas

        without_pandas()
        if not dry_run:
            without_f2py()
    columns = pairs(column, "--column")
    if dry_run:
        from rootcause.dumps import describe

        for found in describe(dumps, columns=columns, segments=segment or ()):
            typer.echo(found.as_text())
        return
    if not out:
        raise UsageError("missing option -o; name the folder or file to write")
    _refuse_empty(dumps)
    from rootcause.score import score as run

    result = run(
        dumps,
        out,
        model=model,
        columns=columns,
        segments=segment or (),
        timezone=timezone,
        jobs=jobs,
        engine=engine,
        explain=explain,
        max_rejects=max_rejects,
        encoder=encoder,
        vectors=vector_folder(vectors, out),
        say=say,
    )
    if not result.counts.read:
        names = ", ".join("stdin" if name == "-" else name for name in dumps)
        raise DataError(f"no row in {names}; check what was exported")
    typer.echo(result.out)


def _refuse_empty(dumps: list[str]) -> None:
    """Raise before anything is written where a file holds nothing: its export has failed."""
    from rootcause.dumps.sources import expand
    from rootcause.errors import DataError

    for path in expand(dumps):
        if path != "-" and Path(path).is_file() and not Path(path).stat().st_size:
            raise DataError(f"{path} is empty; export it again, or leave it out")


def report(
    scored: Annotated[
        Path, typer.Argument(metavar="SCORED", help="Folder that score has written.")
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="DIR", help="Folder in which each week gets a folder."),
    ] = Path("reports"),
    week: Annotated[
        str | None,
        typer.Option(
            metavar="WEEK", help="Week such as 2026-W47.", show_default="the latest complete one"
        ),
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Register: the file that remembers causes.",
            show_default="SCORED/rootcause.db",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only these mentions (repeatable)."),
    ] = None,
    min_voices: Annotated[
        int, typer.Option(metavar="N", help="People that make a problem recurring.", min=2)
    ] = 5,
    strength: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Mentions that belong to their group less than this are isolated.",
            min=0,
            max=1,
        ),
    ] = 0.0,
    exposure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV week,units: orders or customers per week."),
    ] = None,
    owners: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV area_or_cause,owner,email.")
    ] = None,
    cost_per_contact: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="What answering one contact costs.", min=0),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Report the running, incomplete week.")
    ] = False,
    encoder: EncoderName = "builtin",
    max_length: MaxLength = None,
    vectors: VectorFolder = None,
    locale: Annotated[
        str,
        typer.Option(metavar="NAME", help="How dates and numbers look: en, de, fr, pt_BR, ..."),
    ] = "en",
) -> None:
    """Write the root-cause report of a week."""
    from rootcause.weekly import write_report

    _, folder = write_report(
        scored,
        out,
        week=week,
        register=register,
        where=pairs(where, "--where"),
        min_voices=min_voices,
        strength=strength,
        exposure=exposure,
        owners=owners,
        cost_per_contact=cost_per_contact,
        partial=partial,
        encoder=encoder,
        max_length=max_length,
        vectors=vector_folder(vectors, scored),
        locale=locale,
        say=say,
    )
    typer.echo(folder / "report.html")
