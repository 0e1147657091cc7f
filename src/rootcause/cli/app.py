"""The application: its commands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from rootcause.cli import causes, jobs, models
from rootcause.errors import RootcauseError

INTERRUPTED = 130

app = typer.Typer(
    name="rootcause",
    help="Find the recurring policy problems behind public complaints, week by week.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(jobs.demo)
app.command("train")(models.train)
app.command("evaluate")(models.evaluate)
app.command("score")(jobs.score)
app.command("report")(jobs.report)
app.add_typer(causes.app, name="causes")
app.command("review")(models.review)
app.add_typer(models.app, name="model")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rootcause {version('rootcause')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Find the recurring policy problems behind public complaints, week by week."""


def main() -> None:
    """Run the command line; expected errors end as one line on stderr and an exit code."""
    verbose = "--verbose" in sys.argv
    # --verbose may stand anywhere, as people type it after the command
    arguments = [word for word in sys.argv[1:] if word != "--verbose"]
    try:
        app(args=arguments, prog_name="rootcause")
    except RootcauseError as error:
        if verbose:
            raise
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted; what was finished is kept", INTERRUPTED)
    except BrokenPipeError:
        # the reader of stdout (head, less) has gone; nothing is wrong with us
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if verbose:
            raise
        _fail(_describe(error), 1)


def _describe(error: OSError) -> str:
    where = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full while writing{where}; free some space and run it again"
    return f"{(error.strerror or str(error)).lower()}:{where}; check the path and its permissions"


def _fail(message: str, code: int) -> None:
    one_line = " ".join(message.split())
    sys.stderr.write(f"rootcause: {one_line}\n")
    sys.exit(code)
