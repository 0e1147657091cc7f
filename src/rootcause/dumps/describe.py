"""`describe`: what a dump was recognised as, before anything is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rootcause.dumps.reader import FileFacts, Reader, read_mentions
from rootcause.dumps.sources import Paths

_SHOWN = 3
_SHOWN_TEXT = 160


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """One file as it was read: its facts, its first mentions, why rows were rejected."""

    facts: FileFacts
    first: tuple[Mapping[str, object], ...]
    reasons: Mapping[str, int]

    def as_text(self) -> str:
        """Return the description as lines for a terminal."""
        facts = self.facts
        kind = " ".join(filter(None, (facts.compression, facts.format, facts.encoding)))
        details = ", ".join(f"{key} {value}" for key, value in facts.details.items() if value)
        lines = [
            f"{facts.file}: {kind}" + (f" ({details})" if details else ""),
            f"  layout    {facts.layout}",
            "  columns   " + (", ".join(f"{k} = {v}" for k, v in facts.columns.items()) or "none"),
            f"  rows      {facts.read:,} read, {facts.mentions:,} mentions "
            f"({facts.company:,} by the company, {facts.mentions - facts.dated:,} undated), "
            f"{facts.rejected:,} rejects",
        ]
        lines += [f"  note      {note}" for note in facts.notes]
        lines += [f"  reject    {reason} ({count:,})" for reason, count in self.reasons.items()]
        lines += [f"  mention   {_line(mention)}" for mention in self.first]
        return "\n".join(lines)


def describe(
    paths: Paths,
    *,
    columns: Mapping[str, str] | None = None,
    segments: Sequence[str] = (),
    encoding: str | None = None,
) -> list[Recognised]:
    """Return what each dump was recognised as; every row is read, none is kept.

    Raises as `read_mentions` does.
    """
    everything = read_mentions(paths, columns=columns, segments=segments, encoding=encoding)
    return [_describe(path, everything) for path in everything.paths]


def _describe(path: str, like: Reader) -> Recognised:
    reader = Reader(
        paths=[path], columns=like.columns, segments=like.segments, encoding=like.encoding,
        hear=lambda _: None,
    )  # fmt: skip
    first: list[Mapping[str, object]] = []
    for batch in reader:
        if len(first) < _SHOWN:
            first += batch.slice(0, _SHOWN - len(first)).to_pylist()
    return Recognised(facts=reader.files[0], first=tuple(first), reasons=dict(reader.reasons))


def _line(mention: Mapping[str, object]) -> str:
    when = mention.get("created_at")
    parts = [
        str(mention["mention_id"]),
        "undated" if when is None else f"{when:%Y-%m-%d %H:%M:%S}",
        str(mention.get("author") or "-"),
        str(mention.get("channel") or "-"),
    ]
    text = " ".join(str(mention["text"]).split())
    shown = text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "…"
    return f"{' | '.join(parts)} | {shown}"
