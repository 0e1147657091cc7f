"""Complaints to groups that share a cause; each step is a function over texts or vectors.

collapse → is_unspecified → split_clauses → represent → cluster_vectors → breadth
"""

from rootcause.cluster.breadth import breadth
from rootcause.cluster.clauses import split_clauses
from rootcause.cluster.duplicates import collapse
from rootcause.cluster.groups import DialPoint, Groups, cluster_vectors
from rootcause.cluster.talk import is_unspecified
from rootcause.lens import Lens, load_lens, represent

__all__ = [
    "DialPoint",
    "Groups",
    "Lens",
    "breadth",
    "cluster_vectors",
    "collapse",
    "is_unspecified",
    "load_lens",
    "represent",
    "split_clauses",
]
