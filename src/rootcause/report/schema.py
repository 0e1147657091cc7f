"""The JSON Schema of report.json, derived from the records so that the two cannot part."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from rootcause import findings
from rootcause.findings import SCHEMA_VERSION, Report

PUBLISHED = Path(__file__).with_name("schema.json")
_CHOICES = {
    ("Cause", "kind"): list(findings.KINDS),
    ("Cause", "breadth"): list(findings.BREADTHS),
    ("Cause", "status"): list(findings.STATUSES),
    ("Figure", "unit"): ["count", "share", "hours"],
}
_PATTERNS = {"week": r"^\d{4}-W\d{2}$"}
_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


def build_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of a report of this version."""
    definitions: dict[str, Any] = {}
    root = _record(Report, definitions)
    root["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rootcause report",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """Return the text that `schema.json` must hold."""
    return json.dumps(build_schema(), indent=1, ensure_ascii=False) + "\n"


def _record(record: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(record)
    known = fields(record)
    properties = {}
    for one in known:
        schema = _type(hints[one.name], definitions)
        choices = _CHOICES.get((record.__name__, one.name))
        if choices:
            schema = {"enum": choices}
        elif one.name in _PATTERNS:
            schema = {**schema, "pattern": _PATTERNS[one.name]}
        properties[one.name] = schema
    late = [f.name for f in known if f.default is not MISSING or f.default_factory is not MISSING]
    return {
        "type": "object",
        "description": " ".join((record.__doc__ or "").split()),
        "properties": properties,
        # what has a default is written all the same; older reports may lack it
        "required": [f.name for f in known if f.name not in late],
        "additionalProperties": False,
    }


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    if is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _record(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    parts = typing.get_args(hint)
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return {"anyOf": [_type(part, definitions) for part in parts]}
    if typing.get_origin(hint) is tuple:
        if len(parts) == 2 and parts[1] is Ellipsis:
            return {"type": "array", "items": _type(parts[0], definitions)}
        return {
            "type": "array",
            "prefixItems": [_type(part, definitions) for part in parts],
            "items": False,
            "minItems": len(parts),
        }
    raise TypeError(f"no JSON form for {hint!r}")
