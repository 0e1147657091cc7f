"""The errors a user can meet, each with its exit code.

RootcauseError (1)
├── DataError (1)         input that cannot be read or used, a full disk, a locked register
├── UsageError (2)        options that make no sense together, a missing extra
├── ModelError (3)        a model or encoder that is missing, damaged or incompatible
└── NothingToReport (4)   a request that is fine and has no answer in the data

Every message is one line: what is wrong with the value received (file, row, column), what to do.
"""

from __future__ import annotations


class RootcauseError(Exception):
    """Base of all expected errors; the command line prints it as one line and exits."""

    exit_code = 1


class DataError(RootcauseError):
    """Input that cannot be read or used."""


class UsageError(RootcauseError):
    """Options that make no sense together, or an extra that is not installed."""

    exit_code = 2


class ModelError(RootcauseError):
    """A model or encoder that is missing, damaged or incompatible."""

    exit_code = 3


class NothingToReport(RootcauseError):
    """A request that is fine and has no answer in the data."""

    exit_code = 4
