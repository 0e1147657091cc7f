"""The application: its commands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import traceback
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from rootcause.cli import causes, jobs, models
from rootcause.cli.options import plain
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


def run() -> None:
    """Run the command line in a process that does nothing else."""
    main(alone=True)


def main(*, alone: bool = False) -> None:
    """Run the command line; expected errors end as one line on stderr and an exit code.

    `alone` says that no one else's code runs in this process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # data is UTF-8 wherever it goes; what no UTF-8 can hold is shown escaped
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    # --verbose may stand anywhere, as people type it after the command
    # matrices are small here: threads of the linear algebra library would only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = [word for word in sys.argv[1:] if word != "--verbose"]
    try:
        code = app(args=arguments, prog_name="rootcause", standalone_mode=False, obj=alone)
        sys.stdout.flush()
    except RootcauseError as error:
        _fail(str(error), error.exit_code)
    except TyperException as error:
        _misused(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except typer.Abort:  # what Typer makes of an EOFError
        _fail("the input ended early; check that it is whole", 1)
    except OSError as error:
        if error.errno == errno.EPIPE:
            _hang_up()
        _fail(_describe(error), 1)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            _hang_up()
        raise
    if code == INTERRUPTED:
        _fail("interrupted; what was finished is kept, run it again to go on", INTERRUPTED)
    sys.exit(code)


def _misused(error: TyperException) -> NoReturn:
    """End a command line that cannot be understood; without a command, its help is the answer."""
    context = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "").replace("Input should", "it must")
    if context is not None and message == context.get_help():
        sys.stderr.write(f"{message}\n")
        sys.exit(error.exit_code)
    path = context.command_path if context is not None else "rootcause"
    _fail(f"{message[:1].lower()}{message[1:].rstrip('.')}; see {path} --help", error.exit_code)


def _describe(error: OSError) -> str:
    # a file is written under a temporary name, `.NAME.xxxxxxxx`; its own says more
    name = re.sub(r"(^|/)\.([^/]+)\.\w{8}$", r"\1\2", str(error.filename or ""))
    where = f" {name}" if name else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full while writing{where}; free some space and run it again"
    reason = (error.strerror or str(error)).lower()
    return f"{reason}:{where}; check the path and its permissions"


def _fail(message: str, code: int) -> NoReturn:
    if "--verbose" in sys.argv and sys.exc_info()[0] is not None:
        traceback.print_exc()
    sys.stderr.write(f"rootcause: {' '.join(plain(message).split())}\n")
    _close_stdout()
    sys.exit(code)


def _hang_up() -> NoReturn:
    """End because the reader of stdout (head, less) has gone; nothing is wrong with us."""
    _close_stdout()
    sys.exit(0)


def _close_stdout() -> None:
    """Keep what stdout still holds from failing once more when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
