"""Writes a finished report as HTML, Markdown, JSON and CSV."""

from rootcause.report.render import render

__all__ = ["render"]
