"""The model card: a page a manager can read, made from what `model.json` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = {
    "venting": "venting",
    "service_request": "service request",
    "praise": "praise",
    "other": "other",
}


def card_text(facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown."""
    told = facts["card"]
    blocks = [
        f"# Mention classifier {facts['model_id']}",
        _summary(facts, told),
        "## How good it is, label by label",
        f"Measured on {told['mentions']:,} mentions that the model had "
        "not seen: copies of a text and posts of one author never stood on both sides of a fold.",
        _class_table(told),
        f"Macro-F1 {told['labels']['macro_f1']:.3f}; complaint or not "
        f"{told['complaint']['macro_f1']:.3f}. Trained on the same rows: {_baselines(told)}.",
        *_own_tables(told),
        "## When it decides alone",
        _automatic(told),
        "## Where it is weak",
        _weak(facts, told),
        "## Trained on",
        _trained(told),
        "## When to train it again",
        _again(told),
        "## For engineers",
        _engineer(facts),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _summary(facts: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    known = ", ".join(_NAMES.get(name, name) for name in facts["classes"])
    if roles := told.get("roles"):
        known = ", ".join(f"{name} ({_NAMES[role]})" for name, role in roles.items())
    topics = []
    if facts["areas"]:
        topics.append(f"one of {len(facts['areas'])} areas")
    if facts["known_causes"]:
        topics.append(f"one of {len(facts['known_causes']) - 1} known causes")
    more = f" It also tells {' and '.join(topics)}." if topics else ""
    return (
        f"Reads a public mention and says whether it is {known}, whether it is a complaint, and "
        f"how sure it is.{more} Learnt from {told['mentions']:,} labeled mentions."
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with columns as wide as their cells; numbers flush right."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ) + " |"
        for row in cells
    ]  # fmt: skip
    rule = "|" + "|".join(
        "-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)
    )
    lines.insert(1, rule + "|")
    return "\n".join(lines)


def _class_table(told: Mapping[str, Any]) -> str:
    rows = [
        (
            _NAMES.get(name, name),
            f"{row['precision']:.3f}",
            f"{row['recall']:.3f}",
            f"{row['f1']:.3f}",
            f"{row['mentions']:,}",
        )
        for name, row in told["labels"]["classes"].items()
    ]
    return table(("label", "precision", "recall", "F1", "mentions"), rows)


def _own_tables(told: Mapping[str, Any]) -> list[str]:
    if "own_labels" not in told:
        return []
    own = told["own_labels"]
    return [
        f"By your own labels (macro-F1 {own['macro_f1']:.3f}; the baselines and the learning "
        "curve count these):",
        _class_table({"labels": own}),
    ]


def _baselines(told: Mapping[str, Any]) -> str:
    base = told["baselines"]
    names = ("words only", "embedding only", "majority")
    return ", ".join(f"{name} {base[name]:.3f}" for name in names if name in base)


def _automatic(told: Mapping[str, Any]) -> str:
    lines = [
        f"A label counts as automatic when its probability is {told['auto_threshold']:.2f} or "
        f"more: {told['auto_share']:.0%} of mentions, of which {told['target_precision']:.0%} "
        "were right. The rest is marked for review."
        if told["auto_share"]
        else "No threshold reaches the target precision; every label is marked for review."
    ]
    rows = [
        (f"{row['precision']:.0%}", f"{row['automatic']:.0%}", f"{row['confidence']:.2f}")
        for row in told["risk_coverage"]
    ]
    lines.append(table(("right", "automatic", "probability from"), rows))
    error = told["reliability"]
    lines.append(
        f"Calibration error {error['expected_calibration_error']:.3f}; 95 of 100 perfectly "
        f"calibrated models of this size stay below {error['band_95']:.3f}."
    )
    return "\n\n".join(lines)


def _weak(facts: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    classes = told["labels"]["classes"]
    worst = min(classes, key=lambda name: classes[name]["f1"])
    names, lines = facts["labels"], []
    row = facts["confusion"][names.index(worst)]
    wrong = max(
        (i for i in range(len(names)) if names[i] != worst), key=lambda i: row[i], default=0
    )
    lines.append(
        f"- {_NAMES.get(worst, worst)} is found least well (F1 {classes[worst]['f1']:.2f}); it is "
        f"most often taken for {_NAMES.get(names[wrong], names[wrong])}."
    )
    area = told["topics"].get("area") if told.get("topics") else None
    if area and area.get("accuracy") is not None:
        lines.append(
            f"- The area is right in {area['accuracy']:.0%} of cases ({area['classes']} areas): "
            "read it as a hint."
        )
    if facts["numbers"]["english_only"]:
        lines.append("- It reads English; mentions in other languages are marked for review.")
    lines.append("- Sarcasm without a telling word, and replies without their thread.")
    lines += [f"- {note}." for note in told.get("notes", ())]
    return "\n".join(lines)


def _trained(told: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{n:,} {_NAMES.get(k, k)}" for k, n in told["counts"].items())
    lines = [f"{told['mentions']:,} labeled mentions: {counts}."]
    if told.get("guessed_mentions"):
        lines.append(
            f"{told['guessed_mentions']:,} more of which only a part is known (a complaint or "
            "not), at a smaller weight; nothing is measured on them."
        )
    lines += [str(line) for line in told.get("sources", ())]
    return "\n\n".join(lines)


def _again(told: Mapping[str, Any]) -> str:
    curve = told["learning_curve"]
    points = ", ".join(f"{p['labels']:,} labels {p['macro_f1']:.3f}" for p in curve["points"])
    gain = curve["gain_of_500_more"]
    lines = [f"Learning curve (macro-F1 on one held-out fold): {points}."] if points else []
    lines.append(f"Another 500 labels should bring about {100 * gain:.1f} points.")
    if exam := told.get("exam"):
        lines.append(
            f"Learnt from earlier mentions and asked about {exam['mentions']:,} from "
            f"{exam['from']} on: macro-F1 {exam['macro_f1']:.3f}."
        )
    lines.append(
        "Train again when the report says that a week drifts from the training data, when "
        "products or channels change, or when `review` finds many labels wrong."
    )
    return " ".join(lines)


def _engineer(facts: Mapping[str, Any]) -> str:
    encoder = facts["encoder"]
    versions = ", ".join(f"{name} {v}" for name, v in facts["versions"].items())
    return (
        f"Format {facts['format']}. Encoder `{encoder['name']}` ({encoder['dimension']} "
        f"dimensions, `{encoder['content_hash'][:12]}`). Design: {facts['card']['design']}. "
        f"Seed {facts['seed']}. {versions}."
    )
