"""Lay out the table of py3langid so that it is read in milliseconds: models/languages.

    python scripts/pack_languages.py

The library keeps its model as packed arrays that take the better part of a second and 70 MB to
unpack; every scoring process would pay both. Its automaton over bytes stands in whichever
sequence of bytes it knows is the longest that ends here, so the sequences alone, as a trie, say
the same (checked here for every transition). Of a feature's weights only those above the
language's floor are kept.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from py3langid.langid import MODEL_DIR, MODEL_FILE
from py3langid.modelio import load_model
from safetensors.numpy import save

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "models" / "languages" / "languages.safetensors"
_LOOK = 20_000


def trie(moves, rows):
    """Return for each state of the automaton its parent, its last byte and its depth."""
    count = len(rows)
    parent, last, depth = np.full(count, -1), np.zeros(count, int), np.full(count, -1)
    depth[0] = 0
    queue = [0]
    for state in queue:
        after = moves[rows[state]]
        for byte in np.flatnonzero(after).tolist():
            child = int(after[byte])
            if depth[child] < 0:
                parent[child], last[child], depth[child] = state, byte, depth[state] + 1
                queue.append(child)
    return parent, last, depth


def check(moves, rows, parent, last, depth):
    """Stop unless each move leads to the longest known sequence that ends with the byte read."""
    shorter = np.zeros(len(rows), int)  # the longest known sequence that a state's ends with
    children = {}
    for state in range(1, len(rows)):
        children.setdefault(int(parent[state]), []).append(state)
    for state in np.argsort(depth, kind="stable").tolist():
        if depth[state] > 1:
            shorter[state] = moves[rows[shorter[parent[state]]], last[state]]
        # where a state knows nothing longer, it moves as its shorter one does
        wanted = moves[rows[shorter[state]]].copy() if state else np.zeros(256, int)
        own = children.get(state, [])
        wanted[last[own]] = own
        if not np.array_equal(wanted, moves[rows[state]]):
            sys.exit(f"state {state} does not move to the longest match")


def double_array(parent, last):
    """Return (slot of each state, base, owner): the child by a byte is at base[slot] + byte.

    It is a child only if owner[base[slot] + byte] == slot (double arrays: Aoe, 1989).
    """
    children = {}
    for state in range(1, len(parent)):
        children.setdefault(int(parent[state]), []).append(state)
    size = len(parent) + _LOOK
    free = np.ones(size + 512, bool)
    free[0] = False
    slot, base_of = np.zeros(len(parent), np.int64), np.zeros(len(parent), np.int64)
    order = sorted(children, key=lambda state: (-len(children[state]), state))
    for state in order:
        bytes_ = last[children[state]]
        start = 0
        while True:
            tried = np.flatnonzero(free[start : start + 8_192]) + start
            tried = tried[tried >= bytes_[0] + 1] - bytes_[0]
            good = np.logical_and.reduce([free[tried + byte] for byte in bytes_])
            if good.any():
                break
            start += 8_192
        base = int(tried[good.argmax()])
        base_of[state] = base
        slot[children[state]] = base + bytes_
        free[base + bytes_] = False
    top = max(int(slot.max()) + 1, int(base_of.max()) + 256)
    base, owner = np.zeros(top, np.int32), np.full(top, -1, np.int32)
    base[slot] = base_of
    owner[slot[1:]] = slot[parent[1:]]
    return slot, base, owner


def main():
    """Write the file and say how large it is."""
    weights, prior, names, moves, rows, features = load_model(MODEL_DIR / MODEL_FILE)
    moves, rows = np.asarray(moves).reshape(-1, 256), np.asarray(rows, np.int64)
    features = np.asarray(features)
    parent, last, depth = trie(moves, rows)
    check(moves, rows, parent, last, depth)
    slot, base, owner = double_array(parent, last)
    feature = np.full(len(base), -1, np.int32)
    feature[slot] = features
    floor = weights.min(axis=0)
    above = weights != floor
    _, language = np.nonzero(above)
    arrays = {
        "base": base,
        "owner": owner,
        "feature": feature,
        "offsets": np.concatenate([[0], np.cumsum(above.sum(axis=1))]).astype(np.int32),
        "language": language.astype(np.uint8),
        "weight": weights[above],
        "floor": floor,
        "prior": prior.astype(np.float32),
    }
    metadata = {"languages": " ".join(names), "longest": str(int(depth.max()))}
    content = save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(f"{OUT}: {len(content):,} bytes, {len(base):,} places, sha256 {digest}")


if __name__ == "__main__":
    main()
