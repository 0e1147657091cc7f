"""Work on arrays on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

# More threads wait for the interpreter and hold a block of memory each.
_MOST = 4


def on_cores(work: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """Return what `work` makes of each item, in order, whatever the number of cores.

    In threads, so for work that spends its time in numpy, which lets others run meanwhile, and
    that draws no random numbers.
    """
    from concurrent.futures import ThreadPoolExecutor

    waiting = list(items)
    threads = min(_MOST, os.cpu_count() or 1, len(waiting))
    if threads < 2:
        return [work(item) for item in waiting]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, waiting))
