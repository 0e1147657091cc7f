"""Trend charts as static SVG: drawn by Vega-Lite offline, coloured by the page's style sheet."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from rootcause.findings import WeekPoint

WIDTH, HEIGHT = 360, 84
# Vega writes colours into attributes; these stand for the page's own, so that dark mode and print
# reach the charts and no style attribute is needed (the page's policy would block it).
_COLOURS = {
    "#010101": "var(--band)",
    "#020202": "var(--line)",
    "#030303": "var(--card)",
    "#040404": "var(--good)",
    "#050505": "var(--muted)",
    "#060606": "var(--rule)",
}
_NOISE = re.compile(
    r' (?:class|role|aria-roledescription|aria-hidden|aria-label|xmlns:xlink|version|opacity="1"'
    r'|stroke-miterlimit)="[^"]*"| opacity="1"'
)
_EMPTY = re.compile(r'<path d="M0,0h\d+v\d+h-\d+Z"/>|<path d="" display="none"/>')


class Trends:
    """Draws one chart per series; the Vega specification is compiled once and refilled."""

    def __init__(self) -> None:
        self._compiled: dict[str, Any] | None = None

    def svg(self, series: Sequence[WeekPoint], identifier: str) -> str:
        """Return an `<svg id=...>` of rates with their band and the marks of weeks, or ""."""
        if len(series) < 2:
            return ""
        import vl_convert

        if self._compiled is None:
            self._compiled = vl_convert.vegalite_to_vega(json.dumps(_specification()))
        filled = json.loads(json.dumps(self._compiled))
        for data in filled["data"]:
            if data["name"] == "weeks":
                data["values"] = _rows(series)
        return _tidy(vl_convert.vega_to_svg(json.dumps(filled)), identifier)


def _rows(series: Sequence[WeekPoint]) -> list[dict[str, Any]]:
    """Return a row per week on a scale of 0 to 1 in both directions; a week outside has no rate."""
    top = max((p.high for p in series if p.mark != "outside"), default=0) or 1.0
    last = len(series) - 1
    rows: list[dict[str, Any]] = []
    for index, point in enumerate(series):
        gap = point.mark == "outside"
        rows.append(
            {
                "x": index / last,
                "rate": None if gap else point.rate / top,
                "low": None if gap else min(point.low, point.rate) / top,
                "high": None if gap else point.high / top,
                "mark": point.mark,
                "end": index == last and point.mark != "partial",
            }
        )
    return rows


def _specification() -> dict[str, Any]:
    def y(field: str) -> dict[str, Any]:
        scale = {"domain": [0, 1], "nice": False}
        return {"field": field, "type": "quantitative", "axis": None, "scale": scale}

    def points(test: str, mark: dict[str, Any]) -> dict[str, Any]:
        shape = {"type": "point", "opacity": 1, **mark}
        return {"transform": [{"filter": test}], "mark": shape, "encoding": {"y": y("rate")}}

    def rules(test: str, mark: dict[str, Any]) -> dict[str, Any]:
        return {"transform": [{"filter": test}], "mark": {"type": "rule", **mark}}

    broken = {"invalid": "break-paths-show-domains"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH - 12,
        "height": HEIGHT - 10,
        "padding": {"left": 6, "right": 6, "top": 5, "bottom": 5},
        "autosize": "none",
        "background": None,
        "data": {"name": "weeks", "values": [{"x": 0, "rate": 0, "low": 0, "high": 0}]},
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "axis": None,
                "scale": {"domain": [0, 1], "nice": False},
            }
        },
        "layer": [
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "color": "#060606", "x": 0, "x2": WIDTH - 12},
                "encoding": {"y": {**y("zero")}, "x": None},
            },
            {
                "mark": {"type": "area", "color": "#010101", **broken},
                "encoding": {"y": y("low"), "y2": {"field": "high"}},
            },
            rules("datum.mark == 'model change'", {"color": "#050505", "strokeDash": [1, 3]}),
            rules("datum.mark == 'fix'", {"color": "#040404", "strokeDash": [5, 3]}),
            {
                "mark": {"type": "line", "color": "#020202", "strokeWidth": 2, **broken},
                "encoding": {"y": y("rate")},
            },
            points("datum.end", {"filled": True, "color": "#020202", "size": 42}),
            points("datum.mark == 'partial'", {"stroke": "#020202", "fill": "#030303", "size": 46}),
        ],
        "config": {"aria": False, "view": {"stroke": None}},
    }


def _tidy(svg: str, identifier: str) -> str:
    svg = _EMPTY.sub("", _NOISE.sub("", svg))
    for colour, variable in _COLOURS.items():
        svg = svg.replace(f'"{colour}"', f'"{variable}"')
    svg = re.sub(r"(\d+\.\d)\d+", r"\1", svg)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{identifier}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'focusable="false" aria-hidden="true">'
    )
    return re.sub(r"^<svg[^>]*>", opening, svg)
