"""A scored folder as its readers see it: the manifest, and the mentions of a week.

    OUT/_manifest.json          what was read, by which model, and which parts are finished
    OUT/_rejects.csv            rows that could not be used
    OUT/_answers.parquet        answers to mentions that have not been met yet
    OUT/week=2026-W47/part-*.parquet

Only parts that the manifest names belong to the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootcause.errors import DataError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

FORMAT = 1
MANIFEST = "_manifest.json"
REJECTS = "_rejects.csv"
ANSWERS = "_answers.parquet"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows read and what became of them: read = scored + rejected + already + company."""

    read: int = 0
    scored: int = 0
    rejected: int = 0
    already_scored: int = 0
    company_posts: int = 0

    def plus(self, other: Counts) -> Counts:
        """Return the sums."""
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    def reconcile(self) -> bool:
        """Return whether every row read is accounted for."""
        parts = self.scored + self.rejected + self.already_scored + self.company_posts
        return self.read == parts


@dataclass(frozen=True, kw_only=True)
class Input:
    """One file that was read."""

    path: str
    size: int
    sha256: str
    layout: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One finished Parquet file of a week."""

    name: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a scored folder holds. It has no clock in it: the same run writes the same bytes."""

    model_id: str
    encoder: str
    encoder_hash: str
    dimension: int
    timezone: str
    counts: Counts = field(default_factory=Counts)
    inputs: tuple[Input, ...] = ()
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)  # what the report says of the model
    # {week: mentions, labels, mean confidence and unseen words, and how it drifts from training}
    weeks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    def as_json(self) -> str:
        """Return the text of `_manifest.json`."""
        facts = {"format": self.format} | asdict(self)
        facts["parts"] = {week: facts["parts"][week] for week in sorted(facts["parts"])}
        return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: Path) -> Manifest:
        """Return the manifest written as `text`; raises DataError if it is damaged or newer."""
        try:
            facts = json.loads(text)
            if facts["format"] > FORMAT:
                raise DataError(f"{where} is of a newer format; update rootcause")
            return cls(
                **facts
                | {
                    "counts": Counts(**facts["counts"]),
                    "inputs": tuple(
                        Input(**one | {"notes": tuple(one["notes"])}) for one in facts["inputs"]
                    ),
                    "parts": {
                        week: tuple(Part(**part) for part in parts)
                        for week, parts in facts["parts"].items()
                    },
                    "segments": tuple(facts["segments"]),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{where} is damaged ({error}); score into a new folder") from error


@dataclass(frozen=True)
class Scored:
    """An open scored folder."""

    folder: Path
    manifest: Manifest

    def weeks(self) -> dict[str, int]:
        """Return {week: number of scored mentions} in order of weeks, `undated` last."""
        parts = self.manifest.parts
        return {week: sum(part.rows for part in parts[week]) for week in sorted(parts)}

    def paths(self, week: str) -> list[Path]:
        """Return the Parquet files of a week, oldest part first."""
        parts = self.manifest.parts.get(week, ())
        return [self.folder / f"week={week}" / part.name for part in parts]

    @cached_property
    def columns(self) -> list[str]:
        """The columns that any part has, in the order of the newest part that has them all."""
        names: dict[str, None] = {}
        for week in reversed(list(self.manifest.parts)):
            for path in reversed(self.paths(week)):
                with _opened(path) as part:
                    names |= dict.fromkeys(part.schema_arrow.names)
        return list(names)

    def read(
        self,
        week: str,
        columns: Sequence[str] | None = None,
        where: Sequence[tuple[str, str]] = (),
    ) -> pa.Table:
        """Return the mentions of `week`, sorted by (created_at, mention_id).

        `columns` are all unless given; `where` keeps rows whose column, as text, equals a value
        in every (column, value) pair. A week that the folder does not hold has no rows. Raises
        UsageError for a column that no part has, DataError for a part that is missing.
        """
        import pyarrow as pa

        for name in [*(columns or ()), *(column for column, _ in where)]:
            if name not in self.columns:
                known = ", ".join(c for c in self.columns if c != "vector")
                raise UsageError(
                    f"there is no column {name!r} in {self.folder}; there are: {known}"
                )
        wanted = list(columns or self.columns)
        needed = list(dict.fromkeys([*wanted, *(c for c, _ in where), "created_at", "mention_id"]))
        tables = [_part(path, needed, where) for path in self.paths(week)]
        if not tables:
            from rootcause.records import scored_schema

            schema = scored_schema(self.manifest.dimension, self.manifest.segments)
            tables = [schema.empty_table()]
        whole = pa.concat_tables(tables, promote_options="default")
        for name in needed:
            if name not in whole.column_names:
                whole = whole.append_column(name, pa.nulls(whole.num_rows, pa.string()))
        return whole.take(_order(whole)).select(wanted)

    def batches(self, week: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the mentions of `week` batch by batch, in no order worth relying on."""
        for path in self.paths(week):
            with _opened(path) as part:
                yield from part.iter_batches(columns=list(columns))


def open_scored(folder: str | Path) -> Scored:
    """Open a folder that `score` wrote; raises DataError saying what is missing if it is none."""
    folder = Path(folder)
    path = folder / MANIFEST
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {what}; give the folder that rootcause score wrote")
    if any(folder.glob("_scoring-*/commit.json")):
        raise DataError(f"scoring into {folder} was interrupted; run the same score again")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{folder} has no {MANIFEST}; give a folder that score finished") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is damaged ({error}); score into a new folder") from error
    return Scored(folder, Manifest.from_json(text, path))


@contextmanager
def _opened(path: Path) -> Iterator[parquet.ParquetFile]:
    from pyarrow import ArrowInvalid, parquet

    if not path.is_file():
        raise DataError(f"{path} is named in {MANIFEST} and missing; score into a new folder")
    try:
        with parquet.ParquetFile(path) as part:
            yield part
    except ArrowInvalid as error:
        raise DataError(f"{path} is damaged ({error}); score into a new folder") from error


def _part(path: Path, needed: list[str], where: Sequence[tuple[str, str]]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    with _opened(path) as part:
        names = set(part.schema_arrow.names)
        if any(column not in names for column, _ in where):
            needed, where = ["mention_id"], [("mention_id", "")]
        table = part.read(columns=[name for name in needed if name in names])
    for column, value in where:
        table = table.filter(pc.equal(pc.cast(table[column], pa.string()), value))
    return table


def _order(table: pa.Table) -> pa.Array:
    import pyarrow.compute as pc

    keys = [("created_at", "ascending"), ("mention_id", "ascending")]
    return pc.sort_indices(table.select([name for name, _ in keys]), sort_keys=keys)
