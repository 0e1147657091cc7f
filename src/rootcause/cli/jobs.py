"""The long jobs: demo, score, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli.options import Columns, Model, pairs, say


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")] = Path(
        "rootcause-demo"
    ),
) -> None:
    """Train, score and report ten bundled weeks of an invented company."""
    from rootcause.demo import run_demo

    typer.echo(run_demo(out, say=say))


def score(
    dumps: Annotated[
        list[str],
        typer.Argument(metavar="DUMP...", help="Dumps: files, globs, or - for stdin."),
    ],
    out: Annotated[
        str, typer.Option("-o", "--out", help="Folder, or a .csv, .jsonl or .parquet file.")
    ],
    model: Model = "default",
    column: Columns = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(metavar="HEADER", help="A column to carry along (repeatable)."),
    ] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of the week borders.")] = "UTC",
    jobs: Annotated[
        int | None, typer.Option(help="Processes (default: all cores).", min=1)
    ] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the words that carried each label.")
    ] = False,
    max_rejects: Annotated[
        float, typer.Option(help="Largest share of rows that may be unusable.", min=0, max=1)
    ] = 0.05,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what is recognised; score nothing.")
    ] = False,
) -> None:
    """Label every mention of one or more dumps."""
    if dry_run:
        from rootcause.dumps import describe

        for found in describe(dumps, columns=pairs(column, "--column"), segments=segment or ()):
            typer.echo(found.as_text())
        return
    from rootcause.score import score as run

    result = run(
        dumps,
        out,
        model=model,
        columns=pairs(column, "--column"),
        segments=segment or (),
        timezone=timezone,
        jobs=jobs,
        engine=engine,
        explain=explain,
        max_rejects=max_rejects,
        say=say,
    )
    typer.echo(result.out)


def report(
    scored: Annotated[Path, typer.Argument(metavar="SCORED", help="Scored folder.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the weekly report folders.")
    ] = Path("reports"),
    week: Annotated[
        str | None, typer.Option(help="Week such as 2026-W47 (default: latest complete).")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="Register file (default: SCORED/rootcause.db).")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only these mentions (repeatable)."),
    ] = None,
    min_voices: Annotated[
        int, typer.Option(help="People that make a problem recurring.", min=2)
    ] = 5,
    strength: Annotated[
        float, typer.Option(help="Least membership strength in a cluster.", min=0, max=1)
    ] = 0.0,
    exposure: Annotated[
        Path | None, typer.Option(help="CSV week,units: orders or customers per week.")
    ] = None,
    owners: Annotated[
        Path | None, typer.Option(help="CSV area_or_cause,owner,email.")
    ] = None,
    cost_per_contact: Annotated[
        float | None, typer.Option(help="What answering one contact costs.", min=0)
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Report the running, incomplete week.")
    ] = False,
    encoder: Annotated[
        str, typer.Option(help="The encoder that the scored folder was made with.")
    ] = "builtin",
    locale: Annotated[str, typer.Option(help="en, de or fr: dates and numbers.")] = "en",
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
        locale=locale,
        say=say,
    )
    typer.echo(folder / "report.html")
