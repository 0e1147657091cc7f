"""Commands about models: train, evaluate, review, model show, model verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli.options import Columns, LabelMap, Model, pairs, say

app = typer.Typer(
    help="Look at a model folder.", no_args_is_help=True, rich_markup_mode=None
)

Exports = Annotated[
    list[str], typer.Argument(metavar="EXPORT...", help="Labeled exports (files or globs).")
]


def train(
    exports: Exports,
    out: Annotated[Path, typer.Option("-o", "--out", help="Model folder to write.")],
    encoder: Annotated[
        str, typer.Option(help="builtin, or a sentence-transformers name or folder.")
    ] = "builtin",
    label_map: LabelMap = "",
    column: Columns = None,
    target_precision: Annotated[
        float, typer.Option(help="Precision that automatic labels must reach.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of folds and solvers.")] = 0,
) -> None:
    """Train a model from labeled exports; metrics on stderr."""
    from rootcause.training import train as run

    run(
        exports,
        out,
        encoder=encoder,
        label_map=pairs([label_map], "--label-map"),
        columns=pairs(column, "--column"),
        target_precision=target_precision,
        seed=seed,
        say=say,
    )
    typer.echo(out)


def evaluate(
    exports: Exports,
    model: Model = "default",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the metrics to this file too.")
    ] = None,
    label_map: LabelMap = "",
    column: Columns = None,
) -> None:
    """Measure a model on labeled exports it was not trained on."""
    from rootcause.training import evaluate_exports

    result = evaluate_exports(
        exports,
        model,
        label_map=pairs([label_map], "--label-map"),
        columns=pairs(column, "--column"),
        say=say,
    )
    if json_file is not None:
        from rootcause.files import write_text

        write_text(json_file, json.dumps(result.as_dict(), indent=2) + "\n")
    typer.echo(result.as_text())


def review(
    source: Annotated[
        str, typer.Argument(metavar="SCORED-or-EXPORT", help="Scored folder or labeled export.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="CSV file to write (default: stdout).")
    ] = None,
    model: Model = "default",
    number: Annotated[int, typer.Option("-n", "--number", help="Rows at most.")] = 200,
    label_map: LabelMap = "",
    column: Columns = None,
) -> None:
    """List the mentions most worth labeling next, or the labels that look wrong."""
    from rootcause.files import csv_text, write_text
    from rootcause.training import review as run

    table = run(
        source,
        model=model,
        number=number,
        label_map=pairs([label_map], "--label-map"),
        columns=pairs(column, "--column"),
        say=say,
    )
    text = csv_text(table)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text, excel=True)
        say(f"{table.num_rows:,} rows in {out}")


@app.command("show")
def show(model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder.")]) -> None:
    """Print a model's card."""
    from rootcause.artifact import card

    typer.echo(card(model))


@app.command("verify")
def verify(model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder.")]) -> None:
    """Check the hashes of a model folder; exit 3 where a byte has changed."""
    from rootcause.artifact import verify as run

    typer.echo(run(model))
