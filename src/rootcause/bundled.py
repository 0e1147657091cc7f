"""Where the files that ship with the package are."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(relative: str) -> Path:
    """Return the path of a shipped file or folder, such as `models/encoder`.

    A wheel carries them in `_bundled`; a checkout has them at its root. The path may not exist:
    whoever opens it says what is missing.
    """
    installed = _PACKAGE / "_bundled" / relative
    return installed if installed.exists() else _PACKAGE.parents[1] / relative
