"""Shared by the tests: single-threaded BLAS, and one demo run that many tests look at."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

# small matrices: threads only wait for each other, and several test processes share the cores
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@dataclass(frozen=True)
class Demo:
    """A finished demo: its folder and what it printed."""

    folder: Path
    printed: str

    @property
    def scored(self):
        return self.folder / "scored"

    @property
    def reports(self):
        return self.folder / "reports"

    @property
    def register(self):
        return self.scored / "rootcause.db"


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, run once for the whole session; look at it, do not change it."""
    from rootcause.demo import run_demo

    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder, run_demo(folder, say=lambda _: None))


@pytest.fixture
def demo_copy(demo, tmp_path):
    """A copy of the demo's scored folder and register, to be changed."""
    shutil.copytree(demo.scored, tmp_path / "scored")
    return tmp_path / "scored"
