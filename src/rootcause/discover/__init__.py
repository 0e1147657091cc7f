"""Texts to named causes in one call: the library's counterpart of the weekly report."""

from rootcause.discover.result import Clustering
from rootcause.discover.run import discover

__all__ = ["Clustering", "discover"]
