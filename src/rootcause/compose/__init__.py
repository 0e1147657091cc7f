"""A finished report record from a tracked week, its register and its mentions."""

from rootcause.compose.inputs import Inputs
from rootcause.compose.record import compose
from rootcause.compose.replies import REQUEST_COLUMNS

__all__ = ["REQUEST_COLUMNS", "Inputs", "compose"]
