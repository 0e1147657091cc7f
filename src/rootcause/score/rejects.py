"""Rows that could not be used: kept in a CSV, counted, and summed up in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path
from types import TracebackType

from rootcause.dumps import Reject
from rootcause.files import csv_rows

HEADER = ("file", "row", "reason", "raw")
# Reasons are few; a reader that put values into them must not fill the memory.
_MOST_REASONS = 1_000


class RejectFile:
    """A growing CSV of rejects below the staging folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
        self._reasons: Counter[str] = Counter()
        self._files: Counter[str] = Counter()
        self._first: list[str] = []
        self.count = 0

    def __enter__(self) -> RejectFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def add(self, fresh: Sequence[Reject]) -> None:
        """Write rejects down."""
        rows = [(one.file, one.row, one.reason, one.raw) for one in fresh]
        self._stream.write(csv_rows((), rows)[len("\r\n") :])
        self.count += len(fresh)
        for one in fresh:
            if one.reason in self._reasons or len(self._reasons) < _MOST_REASONS:
                self._reasons[one.reason] += 1
            self._files[one.file] += 1
            if len(self._first) < 3:
                self._first.append(f"{one.file} row {one.row}")

    def finish(
        self, target: Path, *, earlier: Path | None, only: Container[str] | None = None
    ) -> None:
        """Write the rejects, after those of earlier runs; `only` from these files."""
        import csv

        with target.open("w", encoding="utf-8-sig", newline="") as stream:
            if earlier and earlier.exists():
                with earlier.open(encoding="utf-8-sig", newline="") as old:
                    for block in iter(lambda: old.read(1 << 20), ""):
                        stream.write(block)
            else:
                stream.write(csv_rows(HEADER, ()))
            # a raw row may hold quoted line ends, so whole records are copied, not lines
            csv.field_size_limit(1 << 30)
            with self._path.open(encoding="utf-8", newline="") as new:
                writer = csv.writer(stream, lineterminator="\r\n")
                for record in csv.reader(new):
                    if only is None or record[0] in only:
                        writer.writerow(record)

    def keep(self, home: Path | None, out: Path) -> Path | None:
        """Write the rejects of a refused run beside what it should have made, if that is free."""
        if home is None:
            return None
        name = "_rejects.csv" if home == out else f"{out.stem}_rejects.csv"
        self.finish(home / name, earlier=None)
        return home / name

    def complaint(self, read: int, limit: float, kept: Path | None) -> str:
        """Return what the rejects have in common, in one line."""
        reason, times = self._reasons.most_common(1)[0]
        told = f"{self.count:,} of {read:,} rows cannot be used, over {limit:.0%}: "
        told += f"{times:,} have {reason!r}" if times < self.count else f"all have {reason!r}"
        if len(self._files) > 1:
            file, number = self._files.most_common(1)[0]
            told += f", {number:,} are in {file}"
        told += f" (first: {', '.join(self._first)})"
        told += f"; see {kept}," if kept else ";"
        return f"{told} name the right column with --column, or raise --max-rejects"
