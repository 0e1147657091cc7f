"""The shape of the code: floors, lazy imports, the public names, a light command line."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rootcause

SOURCE = Path(rootcause.__file__).parent

# A module imports only from lower floors, see docs/architecture.md.
FLOORS = {
    "errors": 0,
    "bundled": 1,
    "chunks": 1,
    "cores": 1,
    "files": 1,
    "findings": 1,
    "lazy": 0,
    "lean": 1,
    "records": 1,
    "redaction": 1,
    "text": 1,
    "vectors": 1,
    "classify": 3,
    "dumps": 2,
    "encode": 2,
    "lens": 2,
    "match": 2,
    "register": 2,
    "scored": 2,
    "sidefiles": 2,
    "trends": 2,
    "artifact": 4,
    "cluster": 3,
    "evaluate": 4,
    "naming": 3,
    "discover": 4,
    "pools": 4,
    "compose": 5,
    "report": 5,
    "score": 5,
    "track": 5,
    "training": 5,
    "oneweek": 6,
    "weekly": 7,
    "demo": 8,
    "cli": 9,
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def home(path):
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith("rootcause."):
                yield node.module.split(".")[1]
            elif node.module == "rootcause":
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("rootcause."))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down_the_floors(path):
    name = home(path)
    if name == "__init__":
        return
    assert name in FLOORS, f"give {name} a floor here and in docs/architecture.md"
    for other in imported(path):
        if other != name:
            assert FLOORS[other] < FLOORS[name], f"{name} (floor {FLOORS[name]}) imports {other}"


def test_torch_is_imported_inside_one_function_of_one_module():
    users = {
        home(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        if name.split(".")[0] in {"torch", "sentence_transformers"}
    }
    assert users <= {"encode"}


def test_nothing_is_pickled():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not {a.name for a in node.names} & {"pickle", "dill", "cloudpickle"}, path
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in {"pickle", "dill", "cloudpickle"}, path


def test_public_names_are_exactly_all():
    assert sorted(rootcause._HOMES) == rootcause.__all__
    for name in rootcause.__all__:
        assert getattr(rootcause, name) is not None
    with pytest.raises(AttributeError):
        rootcause.nothing  # noqa: B018


def test_help_is_fast_and_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['rootcause', '--help']\n"
        "from rootcause.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'sklearn', 'pyarrow', 'numpy', 'hdbscan', 'polars', 'scipy', 'ray'}\n"
        "sys.exit(f'imported {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)"
    )
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        times.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
    assert "Commands" in done.stdout
    assert min(times) < 0.5
