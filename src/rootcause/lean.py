"""What a process of ours alone need not load."""

from __future__ import annotations

import sys
from types import ModuleType


class _NoPandas:
    """An import hook for which there is no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError(name)


def without_pandas() -> None:
    """Let this process do without pandas, which pyarrow loads where it is installed.

    pyarrow asks for it once, at its first array, in case one is made of a pandas column; that
    takes half a second and 45 MB, and nothing here makes any. Not for processes that run other
    people's code too: they may want pandas.
    """
    if "pandas" in sys.modules:
        return
    hook = _NoPandas()
    sys.meta_path.insert(0, hook)
    try:
        import pyarrow as pa

        pa.array([0])
    finally:
        sys.meta_path.remove(hook)


def without_f2py() -> None:
    """Load scipy's sparse matrices without numpy's Fortran tools.

    scipy copies every name of numpy, and so loads all that numpy loads on demand; this part,
    which nothing here uses, is a tenth of a second.
    """
    import numpy as np

    if "numpy.f2py" in sys.modules or "scipy.sparse" in sys.modules:
        return
    np.f2py = ModuleType("numpy.f2py")
    try:
        import scipy.sparse  # noqa: F401
    finally:
        del np.f2py
