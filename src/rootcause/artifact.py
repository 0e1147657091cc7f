"""Model folders: `model.json`, `model.safetensors` and a card; loading one never runs code.

Format 2; format 1 had neither own labels nor the words of the training data, and 18 bits of every
n-gram's hash. `model.json` holds every number that is no array, the hashes of the other files and a
checksum of itself, so a changed byte anywhere is found before anything is predicted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rootcause.bundled import bundled
from rootcause.classify import MentionClassifier, Parts
from rootcause.classify.card import card_text
from rootcause.classify.linear import Head
from rootcause.classify.model import check_encoder
from rootcause.classify.space import Space
from rootcause.encode import load_encoder
from rootcause.errors import ModelError, UsageError
from rootcause.records import LABELS, Encoder

FORMAT = 2
SHIPPED = "default"
_OLD_BITS = 18
_FACTS, _WEIGHTS, _CARD = "model.json", "model.safetensors", "README.md"
_HEADS = ("labels", "complaint", "area", "causes")
_SPACES = ("space", "area_space", "cause_space")
_NUMBERS = (
    "mix", "request_rate", "complaint_threshold", "auto_threshold", "cause_threshold",
    "english_only",
)  # fmt: skip


def save_model(model: MentionClassifier, path: str | Path) -> Path:
    """Write a fitted classifier as a folder and return its path; an older model is replaced.

    The folder is written under a temporary name and renamed. Raises UsageError if the path
    holds something that is no model, or if the classifier is not fitted.
    """
    from safetensors.numpy import save

    path = Path(path)
    if not hasattr(model, "parts_"):
        raise UsageError("the classifier is not fitted; call fit before saving it")
    if path.exists() and not _replaceable(path):
        raise UsageError(f"{path} exists and is no model folder; give another path")
    weights = save(_arrays(model.parts_))
    facts = _facts(model)
    card = card_text(facts).encode()
    facts["files"] = {_WEIGHTS: _sha256(weights), _CARD: _sha256(card)}
    facts["checksum"] = _checksum(facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        folder.chmod(0o755)
        (folder / _WEIGHTS).write_bytes(weights)
        (folder / _CARD).write_bytes(card)
        (folder / _FACTS).write_bytes((json.dumps(facts, indent=1) + "\n").encode())
        if path.exists():
            shutil.rmtree(path)
        os.replace(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path


def load_model(
    path: str | Path = SHIPPED,
    *,
    encoder: Encoder | str | None = None,
    cache: Path | None = None,
) -> MentionClassifier:
    """Return the classifier in a model folder; `default` is the shipped one.

    The encoder is loaded by the name that the folder holds, unless another name (the same
    encoder, kept elsewhere) or the encoder itself is given; `cache` is a folder for the vectors
    of a sentence-transformers encoder. Raises
    ModelError if a file is missing or changed, the format newer, or the encoder another one.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    facts, weights = _verified(path)
    where = str(path)
    try:
        told = facts["encoder"]
        found = encoder
        if found is None or isinstance(found, str):
            found = load_encoder(
                found or told["name"], cache=cache, max_length=told.get("max_length")
            )
        check_encoder(found, told["content_hash"], where)
        parts = _parts(facts, load(weights))
        model = MentionClassifier.from_parts(
            found,
            parts,
            np.array(facts["confusion"], np.int64),
            facts["card"],
            target_precision=float(facts["target_precision"]),
            seed=int(facts["seed"]),
        )
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise ModelError(f"model {where} is damaged ({error}); train it again") from error
    return model


def verify(path: str | Path) -> str:
    """Return one line that the folder is whole; raises ModelError if it is not."""
    facts, _ = _verified(path)
    return f"{path}: whole, format {facts['format']}, model {facts['model_id']}"


def card(path: str | Path) -> str:
    """Return the model card (Markdown); raises ModelError if the folder is not whole."""
    facts, _ = _verified(path)
    return card_text(facts)


def model_facts(path: str | Path) -> dict[str, Any]:
    """Return what `model.json` holds; raises ModelError if the folder is not whole."""
    return _verified(path)[0]


def _verified(path: str | Path) -> tuple[dict[str, Any], bytes]:
    folder = bundled("models/default") if str(path) == SHIPPED else Path(path)
    if not folder.is_dir():
        raise ModelError(f"no model folder at {path}; check the path or train one")
    try:
        facts = json.loads((folder / _FACTS).read_bytes())
        newest = int(facts["format"])
        if newest > FORMAT:
            raise ModelError(
                f"model {path} has format {newest}, newer than {FORMAT}; update rootcause"
            )
        if facts["checksum"] != _checksum(facts):
            raise ModelError(f"model {path}: {_FACTS} has been changed; train it again")
        contents = {name: (folder / name).read_bytes() for name in facts["files"]}
    except OSError as error:
        name = Path(error.filename or _FACTS).name
        raise ModelError(f"model {path}: {name} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"model {path}: {_FACTS} is damaged; train it again") from error
    for name, content in contents.items():
        if _sha256(content) != facts["files"][name]:
            raise ModelError(f"model {path}: {name} has been changed; train it again")
    if _WEIGHTS not in contents:
        raise ModelError(f"model {path}: {_FACTS} is damaged; train it again")
    return facts, contents[_WEIGHTS]


def _replaceable(path: Path) -> bool:
    return path.is_dir() and ((path / _FACTS).is_file() or not any(path.iterdir()))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(facts: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in facts.items() if name != "checksum"}
    return _sha256(json.dumps(plain, sort_keys=True).encode())


def _length(encoder: Encoder) -> dict[str, int]:
    """Return how many tokens of a text an encoder reads, where somebody chose it."""
    longest: int | None = getattr(encoder, "max_length", None)
    return {} if longest is None else {"max_length": longest}


def _facts(model: MentionClassifier) -> dict[str, Any]:
    parts, encoder = model.parts_, model.encoder
    if isinstance(encoder, str):
        encoder = load_encoder(encoder)
    return {
        "format": FORMAT,
        "model_id": model.model_id,
        "labels": list(LABELS),
        "classes": model.classes_,
        "roles": list(parts.roles),
        "areas": list(parts.area.classes) if parts.area else [],
        "known_causes": list(parts.causes.classes) if parts.causes else [],
        "encoder": {
            "name": encoder.name,
            "content_hash": encoder.content_hash,
            "dimension": int(encoder.dimension),
            **_length(encoder),
        },
        "target_precision": model.target_precision,
        "seed": model.seed,
        "numbers": {name: getattr(parts, name) for name in _NUMBERS},
        "spaces": {
            name: {
                "scales": list(space.scales),
                "vector_scale": space.vector_scale,
                "cue_scale": space.cue_scale,
                "width": space.width,
                "bits": space.bits,
            }
            for name in _SPACES
            if (space := getattr(parts, name)) is not None
        },
        "heads": {
            name: {"classes": list(head.classes), "temperature": head.temperature}
            for name in _HEADS
            if (head := getattr(parts, name)) is not None
        },
        "confusion": model.confusion_.tolist(),
        "card": model.card_,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("rootcause", "numpy", "scipy", "tokenizers", "safetensors"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _arrays(parts: Parts) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name in _SPACES:
        space: Space | None = getattr(parts, name)
        if space is not None:
            arrays[f"{name}.buckets"] = space.buckets
            arrays[f"{name}.idf"] = space.idf.astype(np.float16)
    for name in _HEADS:
        head: Head | None = getattr(parts, name)
        if head is not None:
            arrays[f"{name}.words"] = head.words.astype(np.float16)
            arrays[f"{name}.dense"] = head.dense
            arrays[f"{name}.bias"] = head.bias
    if parts.words is not None:
        arrays["words"] = parts.words
    return {name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}


def _parts(facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> Parts:
    spaces = {
        name: Space(
            buckets=arrays[f"{name}.buckets"],
            idf=arrays[f"{name}.idf"].astype(np.float32),
            scales=tuple(told["scales"]),
            vector_scale=told["vector_scale"],
            cue_scale=told["cue_scale"],
            width=told["width"],
            bits=told.get("bits", _OLD_BITS),
        )
        for name, told in facts["spaces"].items()
    }
    heads = {
        name: Head(
            classes=tuple(told["classes"]),
            words=arrays[f"{name}.words"].astype(np.float32),
            dense=arrays[f"{name}.dense"],
            bias=arrays[f"{name}.bias"],
            temperature=told["temperature"],
        )
        for name, told in facts["heads"].items()
    }
    made = Parts(
        space=spaces["space"],
        labels=heads["labels"],
        roles=tuple(facts.get("roles", heads["labels"].classes)),
        words=arrays.get("words"),
        complaint=heads["complaint"],
        **{name: facts["numbers"][name] for name in _NUMBERS},
    )
    return replace(
        made,
        area_space=spaces.get("area_space"),
        cause_space=spaces.get("cause_space"),
        area=heads.get("area"),
        causes=heads.get("causes"),
    )
