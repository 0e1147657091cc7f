"""`read_labeled`: exports in which people have said what each text is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rootcause.dumps.names import FIELDS
from rootcause.dumps.plan import DATE_ORDER, Headers, check_columns
from rootcause.dumps.reader import Reader
from rootcause.dumps.rows import Reject
from rootcause.dumps.sniff import plain
from rootcause.dumps.sources import Paths, expand
from rootcause.errors import DataError, UsageError
from rootcause.records import AREAS, LABELS
from rootcause.text import fingerprint

LABEL_NAMES: dict[str, tuple[str, ...]] = {
    "label": ("label", "labels", "class", "category label", "annotation", "gold label",
              "airline sentiment"),
    "complaint": ("complaint", "is complaint", "complaint label"),
    "cause": ("cause", "root cause", "complaint cause"),
    "area": ("area",),
}  # fmt: skip

LABELED_SCHEMA = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("complaint", pa.bool_()),
        pa.field("cause", pa.string()),
        pa.field("area", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("author", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("brand", pa.string()),
        pa.field("mention_id", pa.string(), nullable=False),
        # the label as the export spells it (one spelling where only case and spaces differ)
        pa.field("own_label", pa.string()),
    ]
)

_YES = frozenset(("1", "true", "yes", "y", "t", "1.0", "complaint"))
_NO = frozenset(("0", "false", "no", "n", "f", "0.0", "no complaint", "not complaint"))
_NOTHING = frozenset(("", "-", "none", "nan", "null", "n/a"))
# Spellings of our labels that need no map.
_SPELLED = {
    "vent": "venting", "service request": "service_request", "servicerequest": "service_request",
    "request": "service_request",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Labeled:
    """A labeled export: `table` (LABELED_SCHEMA), counts by label, rejects, and remarks."""

    table: pa.Table
    counts: Mapping[str, int]
    notes: tuple[str, ...]
    read: int
    rejects: tuple[Reject, ...]
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())


def read_labeled(
    paths: Paths,
    *,
    columns: Mapping[str, str] | None = None,
    label_map: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Labeled:
    """Return the labeled texts of some exports.

    Labels are compared without case and outer spaces; `label_map` says what other names mean
    ({"Complaint": "venting"}; "" leaves rows of that name out). Rows without text, label or a
    readable date are rejects. The same text under different labels is told in `notes` and
    `conflicts` (text, labels). Raises DataError for a label that is not known (with the labels
    seen and their counts), for a file without a text or label column, and for input that cannot
    be read; UsageError for a map to a label that does not exist.
    """
    chosen = dict(columns or {})
    check_columns(chosen, (*FIELDS, *LABEL_NAMES, DATE_ORDER))
    mapping = _label_map(label_map or {})
    found = [_read(path, chosen, encoding) for path in expand(paths)]
    tables = [table for table, _ in found]
    table = pa.concat_tables(tables) if tables else LABELED_SCHEMA.empty_table()
    written = table.column("label").to_pylist()
    labels, seen = _labels(written, mapping)
    own = pa.array(_one_spelling(written), pa.string())
    at = LABELED_SCHEMA.get_field_index("own_label")
    table = table.set_column(at, LABELED_SCHEMA.field(at), own)
    keep = [index for index, label in enumerate(labels) if label]
    table = table.take(pa.array(keep, pa.int64()))
    kept = [labels[index] for index in keep]
    table = table.set_column(1, LABELED_SCHEMA.field("label"), pa.array(kept, pa.string()))
    conflicts = _conflicts(table.column("text").to_pylist(), kept)
    notes = [note for _, reader in found for file in reader.files for note in file.notes]
    if conflicts:
        text, different = conflicts[0]
        notes.append(
            f"{len(conflicts)} texts appear with different labels, such as {text[:60]!r} "
            f"({', '.join(different)})"
        )
    if left_out := sum(n for value, n in seen.items() if mapping.get(value) == ""):
        notes.append(f"{left_out:,} rows were left out by the label map")
    return Labeled(
        table=table,
        counts={label: kept.count(label) for label in LABELS},
        notes=tuple(dict.fromkeys(notes)),
        read=sum(reader.read for _, reader in found),
        rejects=tuple(reject for _, reader in found for reject in reader.rejects),
        conflicts=tuple(conflicts),
    )


def _label_map(given: Mapping[str, str]) -> dict[str, str]:
    mapping = {}
    for name, meaning in given.items():
        label = _plain_label(meaning)
        if label not in (*LABELS, ""):
            raise UsageError(
                f"label map: {name!r} is mapped to {meaning!r}; labels are {', '.join(LABELS)}"
            )
        mapping[_plain_label(name)] = label
    return mapping


def _plain_label(value: str) -> str:
    text = " ".join(value.split()).casefold()
    return _SPELLED.get(text.replace("-", " ").replace("_", " "), text)


def _read(path: str, columns: Mapping[str, str], encoding: str | None) -> tuple[pa.Table, Reader]:
    wanted = {key: header for key, header in columns.items() if key in LABEL_NAMES}
    reader = _LabeledReader(
        paths=[path],
        columns={key: header for key, header in columns.items() if key not in LABEL_NAMES},
        encoding=encoding,
        wanted=wanted,
    )
    batches = list(reader)
    merged = pa.Table.from_batches(batches) if batches else None
    if merged is None or not merged.num_rows:
        return LABELED_SCHEMA.empty_table(), reader
    return _shaped(merged, reader), reader


@dataclass(kw_only=True)
class _LabeledReader(Reader):
    """Reads mentions with the label columns as segments, found once the headers are known."""

    wanted: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def known(self) -> frozenset[str]:
        names = {name for aliases in LABEL_NAMES.values() for name in aliases}
        return super().known() | names | {plain(h) for h in self.wanted.values()}

    def prepare(self, name: str, headers: Sequence[str]) -> None:
        have = Headers(name, headers)
        for key, aliases in LABEL_NAMES.items():
            if key in self.wanted:
                self.found[key] = have.named(key, self.wanted[key])[0]
            elif several := have.among(aliases):
                self.found[key] = several[0]
        if "label" not in self.found:
            raise DataError(
                f"{name} has no column of labels that we know; it has {have.shown()}; "
                "name it with --column label=HEADER"
            )
        self.segments = tuple(dict.fromkeys(self.found.values()))


def _shaped(merged: pa.Table, reader: _LabeledReader) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in LABELED_SCHEMA.names:
        if name == "own_label":  # told when all files are read
            columns[name] = [None] * len(merged)
        elif name in LABEL_NAMES:
            header = reader.found.get(name)
            cells: list[str | None] = (
                merged.column(f"segment_{header}").to_pylist() if header else [None] * len(merged)
            )
            columns[name] = _cells(name, cells, reader)
        else:
            columns[name] = merged.column(name)
    labels = columns["label"]
    keep = [index for index, label in enumerate(labels) if label is not None]
    if dropped := len(labels) - len(keep):
        texts = merged.column("text").to_pylist()
        rows = (i for i, label in enumerate(labels) if label is None)
        file = reader.files[0].file
        reader.rejects += [
            Reject(file=file, row=0, reason="no label", raw=texts[index]) for index in rows
        ]
        reader.rejected += dropped
        reader.reasons["no label"] += dropped
    arrays = [
        pa.array(value, field.type) if isinstance(value, list) else value
        for field, value in zip(LABELED_SCHEMA, columns.values(), strict=True)
    ]
    for place, name in enumerate(LABELED_SCHEMA.names):
        if name == "label":
            arrays[place] = pa.array([label or "" for label in labels], pa.string())
    table = pa.Table.from_arrays(arrays, schema=LABELED_SCHEMA)
    return table.take(pa.array(keep, pa.int64()))


def _cells(name: str, cells: Sequence[str | None], reader: Reader) -> list[Any]:
    if name == "complaint":
        return [_yes_no(cell, reader) for cell in cells]
    clean = [None if c is None or c.strip().casefold() in _NOTHING else c.strip() for c in cells]
    if name == "area":
        return [_area(cell, reader) for cell in clean]
    return clean


def _yes_no(cell: str | None, reader: Reader) -> bool | None:
    word = (cell or "").strip().casefold()
    if word in _YES:
        return True
    if word in _NO or word in _NOTHING:
        return False if word in _NO else None
    raise DataError(
        f"{reader.files[0].file} has {word[:60]!r} in its complaint column, which holds 0 or 1; "
        "name the right one with --column complaint=HEADER"
    )


def _area(cell: str | None, reader: Reader) -> str | None:
    if cell is None:
        return None
    if cell.casefold() in AREAS:
        return cell.casefold()
    raise DataError(
        f"{reader.files[0].file} has the unknown area {cell[:60]!r}; areas are {', '.join(AREAS)}"
    )


def _labels(values: Sequence[str], mapping: Mapping[str, str]) -> tuple[list[str], Counter[str]]:
    spelled = [_plain_label(value) for value in values]
    seen = Counter(spelled)
    unknown = [value for value in seen if value not in LABELS and value not in mapping]
    if unknown:
        listed = ", ".join(f"{value!r} {count:,}" for value, count in seen.most_common(20))
        more = f" and {len(seen) - 20} more" if len(seen) > 20 else ""
        example = ",".join(f"{value}={LABELS[0]}" for value in unknown[:2])
        raise DataError(
            f"unknown label {unknown[0]!r}; the labels seen are {listed}{more}; say what they "
            f"mean with --label-map {example!r} (labels are {', '.join(LABELS)})"
        )
    return [mapping.get(value, value) for value in spelled], seen


def _one_spelling(values: Sequence[str]) -> list[str]:
    """Return the labels as written, those that differ in case and spaces alone as most do."""
    tidy = [" ".join(value.split()) for value in values]
    spelled: dict[str, str] = {}
    for value, _ in Counter(tidy).most_common():
        spelled.setdefault(value.casefold(), value)
    return [spelled[value.casefold()] for value in tidy]


def _conflicts(texts: Sequence[str], labels: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    by_text: dict[str, tuple[str, set[str]]] = {}
    for text, label in zip(texts, labels, strict=True):
        by_text.setdefault(fingerprint(text), (text, set()))[1].add(label)
    return [(text, tuple(sorted(found))) for text, found in by_text.values() if len(found) > 1]
