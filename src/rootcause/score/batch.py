"""The batch callable: a table of mentions in, a table of scored mentions out.

One process, a pool of them, Ray and Spark all call the same object, so they give the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rootcause.chunks import Facts, Number, Split, split
from rootcause.errors import UsageError
from rootcause.records import LABELS, MENTION_SCHEMA, UNDATED, Week, scored_schema
from rootcause.text import fingerprint, fingerprint_part

if TYPE_CHECKING:
    from rootcause.classify import Prediction

# The first 64 bits of the fingerprint travel with a row until duplicates are found.
FINGERPRINT = "_fingerprint"
BECAUSE = "because"
# `answered` is what the readers write where an export shows a reply without its time
CLOSED = ("closed", "resolved", "solved", "answered")

_OTHER = LABELS.index("other")
_REQUEST = LABELS.index("service_request")
_NOTHING = bytes.fromhex(fingerprint(""))
_LABELS = pa.array(LABELS, pa.string())
_MOST_REASONS = 5
# Arrow knows no summer time after 2037 (microseconds of its last day).
_NO_MORE_RULES = 2_145_830_400_000_000
# Rows predicted at once: enough to keep numpy busy, few enough to keep memory low.
_AT_ONCE = 1_024


class Model(Protocol):
    """What scoring needs of a classifier."""

    model_id: str
    encoder: Any

    def predict(self, texts: Sequence[str]) -> Prediction:
        """Return labels, probabilities, areas and vectors."""

    def explain(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """Return per text the phrases that carried its label, heaviest first."""


def open_model(
    model: str | Path | Model, *, encoder: str | None = None, vectors: str | None = None
) -> Model:
    """Return the model itself, or the one in the folder given; `default` is the shipped one.

    `encoder` is where its encoder is on this machine (default: where it was at training),
    `vectors` the folder that keeps the vectors of a sentence-transformers encoder.
    """
    if not isinstance(model, (str, Path)):
        return model
    from rootcause.artifact import load_model

    return load_model(model, encoder=encoder, cache=None if vectors is None else Path(vectors))


def zone(name: str) -> ZoneInfo:
    """Return a time zone; raises UsageError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"time zone {name!r} is unknown; write it like Europe/Dublin or UTC"
        ) from None


def weeks_of(moments: pa.Array, timezone: str) -> pa.Array:
    """Return the ISO week (`2026-W47`) of each moment in a time zone; `undated` for null."""
    local = pc.cast(moments, pa.timestamp("us", timezone))
    parts = pc.iso_calendar(local)
    year, week = pc.struct_field(parts, "iso_year"), pc.struct_field(parts, "iso_week")
    codes = pc.add(pc.multiply(year, 100), week)
    distinct = codes.unique().drop_null()
    names = [f"{code // 100:04d}-W{code % 100:02d}" for code in distinct.to_pylist()]
    place = pc.index_in(codes, value_set=distinct)
    weeks = pc.fill_null(pc.take(pa.array(names, pa.string()), place), UNDATED)
    late = pc.greater(pc.cast(moments, pa.int64()), _NO_MORE_RULES)
    if not pc.any(late).as_py():
        return weeks
    own = ZoneInfo(timezone)
    told = [
        str(Week.of(moment, own)) if is_late else week
        for moment, is_late, week in zip(
            moments.to_pylist(), late.to_pylist(), weeks.to_pylist(), strict=True
        )
    ]
    return pa.array(told, pa.string())


def fingerprints(texts: Sequence[str]) -> pa.Array:
    """Return 64 bits of each text's fingerprint (uint64); null for a text without words."""
    texts = split(texts)
    data, sizes = _WORDS.items(texts)
    words, ends = data.tobytes(), np.cumsum(sizes).tolist()
    # each word is followed by a space, the last one too
    parts = [words[at : max(at, end - 1)] for at, end in pairwise([0, *ends])]
    prints = [hashlib.blake2b(part, digest_size=16).digest() for part in parts]
    reposts = np.flatnonzero(_REPOSTS.at(texts, texts.first()))
    for row in (*reposts.tolist(), *texts.long):
        prints[row] = bytes.fromhex(fingerprint(texts[row]))
    values = np.frombuffer(b"".join(prints), ">u8")[::2].astype(np.uint64)
    return pa.array(values, mask=np.array([one == _NOTHING for one in prints], bool))


def _tell_words(chunks: list[str]) -> tuple[list[int], npt.NDArray[np.uint8]]:
    parts = [words + b" " if words else b"" for words, _ in map(fingerprint_part, chunks)]
    return [len(part) for part in parts], np.frombuffer(b"".join(parts), np.uint8)


_WORDS = Facts(_tell_words, np.uint8)
_REPOSTS = Number(lambda chunks: [fingerprint_part(chunk)[1] for chunk in chunks])


def is_closed(status: pa.Array) -> pa.Array:
    """Return whether a status says that nobody waits any more (null: no)."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(status))
    return pc.fill_null(pc.is_in(plain, value_set=pa.array(CLOSED)), False)


class BatchScorer:
    """Scores one table of mentions; the model is loaded once, at construction.

    Called with a table of `MENTION_SCHEMA` (and `segment_*` columns) it returns `scored_schema`
    plus the column `_fingerprint`, one row per mention in the same order; `duplicate_of` is
    left null, for it takes a whole week to know.
    """

    def __init__(
        self,
        model: str | Path | Model,
        *,
        timezone: str = "UTC",
        segments: Sequence[str] = (),
        explain: bool = False,
        encoder: str | None = None,
        vectors: str | None = None,
    ) -> None:
        self.model = open_model(model, encoder=encoder, vectors=vectors)
        self.timezone = timezone
        self.explain = explain
        self.dimension = int(self.model.encoder.dimension)
        self.schema = batch_schema(self.dimension, segments, explain=explain)

    def __call__(self, mentions: pa.Table) -> pa.Table:
        """Return the scored mentions."""
        starts = range(0, max(mentions.num_rows, 1), _AT_ONCE)
        texts = split(column(mentions, "text").to_pylist())
        return pa.concat_tables(
            [
                self._some(mentions.slice(at, _AT_ONCE), texts.part(at, at + _AT_ONCE))
                for at in starts
            ]
        )

    def _some(self, mentions: pa.Table, texts: Split) -> pa.Table:
        mentions = mentions.combine_chunks()
        found = self.model.predict(texts)
        label = np.argmax(found.proba, axis=1) if len(texts) else np.zeros(0, np.int64)
        answered = column(mentions, "answered_at")
        status = column(mentions, "status")
        waiting = pc.and_not(answered.is_null(), is_closed(status))
        made = {
            "language": _languages(column(mentions, "language"), found.language, texts),
            "week": weeks_of(column(mentions, "created_at"), self.timezone),
            "label": pc.take(_LABELS, pa.array(label)),
            "confidence": _floats(found.confidence),
            **{f"p_{name}": _floats(found.proba[:, i]) for i, name in enumerate(LABELS)},
            "decision": pc.if_else(pa.array(np.asarray(found.auto, bool)), "auto", "review"),
            "p_complaint": _floats(found.p_complaint),
            "is_complaint": pa.array(np.asarray(found.is_complaint, bool)),
            "needs_reply": pc.and_(pa.array(label == _REQUEST), waiting),
            "area": _strings(found.area, len(texts)),
            "p_area": _optional_floats(found.p_area, len(texts)),
            "known_cause": _strings(found.known_cause, len(texts)),
            "own_label": _strings(found.own_label, len(texts)),
            "unseen_words": _optional_floats(found.unseen_words, len(texts)),
            "vector": self._vectors(found.vectors, label),
            "model_id": pa.repeat(pa.scalar(self.model.model_id, pa.string()), len(texts)),
            FINGERPRINT: fingerprints(texts),
        }
        if self.explain:
            made[BECAUSE] = self._because(texts)
        columns = []
        for field in self.schema:
            values = made[field.name] if field.name in made else column(mentions, field.name)
            columns.append(values if values.type == field.type else pc.cast(values, field.type))
        return pa.Table.from_arrays(columns, schema=self.schema)

    def release(self) -> None:
        """Let the model go; the scorer cannot be called any more."""
        del self.model

    def _vectors(self, vectors: npt.NDArray[np.float32], label: npt.NDArray[np.int64]) -> pa.Array:
        kept = label != _OTHER
        halves = np.zeros(vectors.shape, np.float16)
        halves[kept] = vectors[kept].astype(np.float16)
        flat = pa.array(halves.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, self.dimension, mask=pa.array(~kept))

    def _because(self, texts: Sequence[str]) -> pa.Array:
        reasons = self.model.explain(texts)
        return pa.array(
            ["; ".join(phrase for phrase, _ in row[:_MOST_REASONS]) for row in reasons],
            pa.string(),
        )


def batch_schema(dimension: int, segments: Sequence[str], *, explain: bool) -> pa.Schema:
    """Return the schema of what a BatchScorer returns."""
    schema = scored_schema(dimension, segments)
    if explain:
        schema = schema.append(pa.field(BECAUSE, pa.string()))
    return schema.append(pa.field(FINGERPRINT, pa.uint64()))


def column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, of nulls where the table has none."""
    if name not in table.column_names:
        at = MENTION_SCHEMA.get_field_index(name)
        return pa.nulls(table.num_rows, MENTION_SCHEMA.field(at).type if at >= 0 else pa.string())
    chunked = table[name]
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _languages(told: pa.Array, found: Iterable[str], texts: Sequence[str]) -> pa.Array:
    """Return the language found, or what the dump says where the text is too short to tell."""
    rows = zip(told.to_pylist(), found, texts, strict=True)
    return pa.array(
        [old if old and (new == "und" or _is_short(text)) else new for old, new, text in rows],
        pa.string(),
    )


def _is_short(text: str) -> bool:
    return len(text) < 40 and len(text.split()) < 4


def _floats(values: npt.ArrayLike) -> pa.Array:
    return pa.array(np.asarray(values, np.float32))


def _optional_floats(values: npt.ArrayLike | None, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, pa.float32())
    return pa.array(np.asarray(values, np.float32), from_pandas=True)  # nan: no area known


def _strings(values: Iterable[str | None] | None, count: int) -> pa.Array:
    return pa.nulls(count, pa.string()) if values is None else pa.array(list(values), pa.string())
