"""A cause's life as a small picture: where it began, rested, came back, parted, joined."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from rootcause.findings import Cause, Edge
from rootcause.records import Week

_WIDTH, _HEIGHT, _EDGE = 360, 46, 14
_LINE, _OTHER = 16, 38


def lineage_svg(cause: Cause) -> str:
    """Return the life of a cause as SVG, "" where nothing but its birth is known.

    Left is the first week of the chart above it or the first event, right the last week. The line
    is the cause; a branch below is the other cause of a split or merge, dashed while it is only
    suggested. Every mark carries its words as a title.
    """
    events = [edge for edge in cause.lineage if edge.kind != "survived"]
    if not cause.series or not any(edge.kind != "emerged" for edge in events):
        return ""
    weeks = [Week.parse(point.week) for point in cause.series]
    weeks += [Week.parse(edge.week) for edge in events]
    first, last = min(weeks), max(weeks)
    span = max(last.minus(first), 1)

    def x(week: str) -> float:
        place = Week.parse(week).minus(first) / span
        return round(_EDGE + place * (_WIDTH - 2 * _EDGE), 1)

    parts = [f'<path d="{_life(events, x(cause.first_week), x(str(last)), x)}"/>']
    parts += [_mark(edge, cause.cause_id, x(edge.week)) for edge in events]
    return (
        f'<svg class="lineage" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(_words(events, cause.cause_id), quote=True)}">{"".join(parts)}</svg>'
    )


def _life(events: list[Edge], start: float, end: float, x: Callable[[str], float]) -> str:
    """Return the line of a cause as a path, with a gap where it was gone."""
    path = [f"M{start} {_LINE}"]
    silent = False
    for edge in sorted(events, key=lambda edge: edge.week):
        if edge.kind == "disappeared" and not silent:
            path.append(f"H{x(edge.week)}")
            silent = True
        elif edge.kind == "returned" and silent:
            path.append(f"M{x(edge.week)} {_LINE}")
            silent = False
    return "".join(path if silent else [*path, f"H{end}"])


def _mark(edge: Edge, cause_id: str, place: float) -> str:
    title = f"<title>{escape(_word(edge, cause_id))}</title>"
    if edge.kind in {"split", "merged"}:
        # a split leaves the line downwards, a merge comes up to it
        far = min(place + 24, _WIDTH - _EDGE) if edge.kind == "split" else max(place - 24, _EDGE)
        dash = ' class="maybe"' if edge.suggested else ""
        other = _other(edge, cause_id)
        label = ""
        if other:
            anchor = "end" if far > _WIDTH / 2 else "start"
            label = (
                f'<text x="{far}" y="{_HEIGHT - 1}" text-anchor="{anchor}">{escape(other)}</text>'
            )
        return f'<g{dash}>{title}<path d="M{place} {_LINE}L{far} {_OTHER - 6}"/>{label}</g>'
    shape = "gone" if edge.kind == "disappeared" else "here"
    return f'<ellipse class="{shape}" cx="{place}" cy="{_LINE}" rx="5" ry="5">{title}</ellipse>'


def _other(edge: Edge, cause_id: str) -> str:
    return next((one for one in (edge.other_id, edge.cause_id) if one and one != cause_id), "")


def _word(edge: Edge, cause_id: str) -> str:
    other = _other(edge, cause_id)
    joined = {"split": "split from or into", "merged": "merged with"}.get(edge.kind)
    words = f"{joined} {other}" if joined and other else edge.kind
    return f"{words} in {edge.week}" + (", suggested" if edge.suggested else "")


def _words(events: list[Edge], cause_id: str) -> str:
    return "; ".join(_word(edge, cause_id) for edge in events)
