"""The command line: thin commands over the library; stdout is data, stderr is talk."""

from __future__ import annotations

from rootcause.cli.app import main, run

__all__ = ["main", "run"]
