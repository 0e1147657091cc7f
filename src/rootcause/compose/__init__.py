"""A finished report record from a tracked week, its register and its mentions."""

from rootcause.compose.inputs import Inputs
from rootcause.compose.record import compose

__all__ = ["Inputs", "compose"]
