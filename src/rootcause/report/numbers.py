"""Numbers, dates and spans as a locale writes them, whatever the system's own locale is."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rootcause.errors import UsageError
from rootcause.findings import Estimate, Figure


def capitalised(text: str) -> str:
    """Return a title as a heading shows it: its first letter large, the rest as people wrote it."""
    return text[:1].upper() + text[1:]


# What a sentence of the report holds between its quoted titles: days, shares, numbers.
_TITLES = re.compile(r"(“[^”]*”)")
_FIGURES = re.compile(
    r"(?P<day>\b\d{4}-\d\d-\d\d\b)"
    r"|(?<![\w.,-])(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?P<share>%?)(?![\w-]|[.,]\d)"
)


class Numbers:
    """Formats for one locale, such as `en`, `de`, `fr` or `pt_BR`; raises UsageError for others."""

    def __init__(self, locale: str = "en") -> None:
        from babel import Locale, UnknownLocaleError

        try:
            self._locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            message = f"locale {locale!r} is not known; write it as en, de, fr or pt_BR"
            raise UsageError(message) from None
        whole: str = self._locale.percent_formats[None].pattern
        self._percent = {0: whole, 1: whole.replace("#,##0", "#,##0.0")}

    def count(self, value: float, digits: int = 0) -> str:
        """Return `1,234` or, with digits, `1,234.5`."""
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(round(value, digits), format=pattern, locale=self._locale))

    def share(self, value: float, digits: int = 0) -> str:
        """Return a share of 0 to 1 as a percentage."""
        from babel.numbers import format_percent

        pattern = self._percent[digits]
        return str(format_percent(value, format=pattern, locale=self._locale))

    def rate(self, value: float, like: float | None = None) -> str:
        """Return a rate per 1,000 with one digit, more for one (or one `like` it) below one."""
        scale = value if like is None else like
        return self.count(value, 1 if scale >= 1 else 2 if scale >= 0.1 else 3) if scale else "0"

    def money(self, value: float) -> str:
        """Return an amount in whole units, rounded to three digits that matter."""
        magnitude = max(0, len(str(int(abs(value)))) - 3)
        return self.count(round(value, -magnitude))

    def span(self, estimate: Estimate, kind: str = "rate") -> str:
        """Return `low–high` of an interval; kind is rate, share, count, money or ratio."""
        if kind == "share":  # one sign is enough
            return f"{self.count(100 * estimate.low)}–{self.share(estimate.high)}"
        form = {
            "ratio": lambda v: self.count(v, 2),
            "rate": lambda v: self.rate(v, estimate.value or estimate.high),
        }.get(kind) or getattr(self, kind)
        return f"{form(estimate.low)}–{form(estimate.high)}"

    def hours(self, value: float) -> str:
        """Return hours as `45 min`, `6.4 h` or `2.2 days`."""
        if value < 1:
            return f"{self.count(60 * value)} min"
        if value < 48:
            return f"{self.count(value, 1 if value < 10 else 0)} h"
        return f"{self.count(value / 24, 1 if value < 240 else 0)} days"

    def times(self, ratio: float) -> str:
        """Return a ratio as `×2.3`."""
        return f"×{self.count(ratio, 1 if ratio >= 0.1 else 2)}"

    def day(self, iso: str, style: str = "medium") -> str:
        """Return an ISO date (or the date of an ISO time) as the locale writes it."""
        from babel.dates import format_date

        try:
            day = date.fromisoformat(iso[:10])
        except ValueError:
            return iso
        return str(format_date(day, format=style, locale=self._locale))

    def days(self, starts: str, ends: str) -> str:
        """Return the span of two ISO dates."""
        from babel.dates import format_interval

        first, last = date.fromisoformat(starts[:10]), date.fromisoformat(ends[:10])
        return str(format_interval(first, last, skeleton="yMMMd", locale=self._locale))

    def prose(self, text: str) -> str:
        """Return a composed English sentence with its days and numbers as the locale has them.

        Titles in typographic quotes stay as they are: they are people's words.
        """
        parts = _TITLES.split(text)
        return "".join(p if p.startswith("“") else _FIGURES.sub(self._spoken, p) for p in parts)

    def _spoken(self, match: re.Match[str]) -> str:
        if match["day"]:
            return self.day(match["day"])
        plain = match["number"].replace(",", "")
        digits = len(plain.partition(".")[2])
        if match["share"]:
            return self.share(float(plain) / 100, min(digits, 1))
        return self.count(float(plain), digits)

    def figure(self, figure: Figure) -> dict[str, str]:
        """Return value, interval and change of a headline figure, each as text or empty."""
        form: Any = {"share": self.share, "hours": self.hours}.get(figure.unit, self.count)
        span = change = ""
        if figure.low is not None and figure.high is not None:
            kind = figure.unit if figure.unit in {"share", "hours"} else "count"
            estimate = Estimate(value=figure.value, low=figure.low, high=figure.high)
            span = self.span(estimate, kind)
        if figure.previous is not None:
            change = self._change(figure, figure.previous)
        usual = "" if figure.previous is None else form(figure.previous)
        if figure.previous is not None and figure.usual_low is not None:
            high = figure.previous if figure.usual_high is None else figure.usual_high
            estimate = Estimate(value=figure.previous, low=figure.usual_low, high=high)
            usual += f" ({self.span(estimate, 'share' if figure.unit == 'share' else 'count')})"
        return {"value": form(figure.value), "span": span, "change": change, "usual": usual}

    def _change(self, figure: Figure, previous: float) -> str:
        if figure.unit == "share":
            points = round(100 * (figure.value - previous), 1)
            sign = "+" if points > 0 else "−"
            return f"{sign}{self.count(abs(points), 1)} points" if points else "unchanged"
        if not previous:
            return ""
        change = round(figure.value / previous - 1, 2)
        return f"{'+' if change > 0 else '−'}{self.share(abs(change))}" if change else "unchanged"
