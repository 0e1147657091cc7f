"""Commands about models: train, evaluate, review, model show, model verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli.options import (
    Columns,
    EncoderName,
    LabelMap,
    MaxLength,
    Model,
    ModelFolder,
    VectorFolder,
    pairs,
    say,
    vector_folder,
)

app = typer.Typer(help="Look at a model folder.", no_args_is_help=True, rich_markup_mode=None)

Exports = Annotated[
    list[str], typer.Argument(metavar="EXPORT", help="Labeled exports (files or globs).")
]


def train(
    exports: Exports,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Model folder to write.")],
    encoder: EncoderName = "builtin",
    label_map: LabelMap = "",
    own_labels: Annotated[
        bool,
        typer.Option(
            "--own-labels", help="Learn and tell your label names; --label-map says their roles."
        ),
    ] = False,
    column: Columns = None,
    target_precision: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Precision that automatic labels must reach.", min=0.5, max=0.999
        ),
    ] = 0.95,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of chance; the same one gives the same model.")
    ] = 0,
    max_length: MaxLength = None,
    vectors: VectorFolder = None,
) -> None:
    """Train a model from labeled exports; metrics on stderr."""
    from rootcause.training import train as run

    run(
        exports,
        out,
        encoder=encoder,
        max_length=max_length,
        vectors=vector_folder(vectors, out),
        label_map=pairs([label_map], "--label-map"),
        own_labels=own_labels,
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
        Path | None, typer.Option("--json", metavar="FILE", help="Write the metrics here too.")
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
        str, typer.Argument(metavar="SOURCE", help="Scored folder or labeled export.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="CSV file to write.", show_default="stdout"
        ),
    ] = None,
    model: Model = "default",
    number: Annotated[
        int, typer.Option("-n", "--number", metavar="N", help="Rows at most.", min=1)
    ] = 200,
    label_map: LabelMap = "",
    column: Columns = None,
) -> None:
    """List mentions to label next, or labels that look wrong."""
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
def show(model: ModelFolder) -> None:
    """Print a model's card."""
    from rootcause.artifact import card

    typer.echo(card(model))


@app.command("verify")
def verify(model: ModelFolder) -> None:
    """Check a model folder; exit 3 if a byte has changed."""
    from rootcause.artifact import verify as run

    typer.echo(run(model))
