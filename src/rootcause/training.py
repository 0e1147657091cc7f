"""The jobs around a model: train one from exports, measure it, say what to label next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from rootcause.artifact import SHIPPED, load_model, save_model
from rootcause.classify import MentionClassifier, group_rows
from rootcause.classify.reviewing import doubtful_labels, next_to_label
from rootcause.cluster import collapse
from rootcause.dumps import Labeled, read_labeled
from rootcause.encode import load_encoder
from rootcause.errors import DataError, ModelError
from rootcause.evaluate import Evaluation, evaluate
from rootcause.records import LABELS, Encoder
from rootcause.scored import MANIFEST, open_scored

Say = Callable[[str], None]

_CONFLICTS = 20  # texts under different labels that are shown


def train(
    exports: Sequence[str],
    out: str | Path,
    *,
    encoder: str = "builtin",
    max_length: int | None = None,
    vectors: Path | None = None,
    label_map: Mapping[str, str] | None = None,
    own_labels: bool = False,
    columns: Mapping[str, str] | None = None,
    target_precision: float = 0.95,
    seed: int = 0,
    say: Say = lambda _: None,
) -> MentionClassifier:
    """Learn from labeled exports, write the model folder `out`, and return the classifier.

    What the export does not tell (areas; whether a request is a complaint) is taken over from
    the shipped model where the encoder is the same. `max_length` is how many tokens of a text a
    sentence-transformers encoder reads, `vectors` the folder that keeps its vectors. With
    `own_labels` the model learns and tells the names that the export uses, and `label_map` says
    which of our labels each one plays. Raises DataError for exports that cannot be learnt from.
    """
    labeled = read_exports(exports, columns=columns, label_map=label_map, say=say)
    table = labeled.table
    found = load_encoder(encoder, cache=vectors, max_length=max_length)
    texts = table["text"].to_pylist()
    helper = _shipped(found)
    complaint = [None if c is None else float(c) for c in table["complaint"].to_pylist()]
    areas = table["area"].to_pylist()
    dates = table["created_at"].to_pylist()
    say(f"training on {len(texts):,} mentions")
    model = MentionClassifier(found, target_precision=target_precision, seed=seed)
    model.fit(
        texts,
        table["own_label" if own_labels else "label"].to_pylist(),
        roles=_roles(table) if own_labels else None,
        complaint=_told(complaint, texts, table["label"].to_pylist(), helper),
        causes=table["cause"].to_pylist(),
        areas=areas,
        groups=together(texts, table["author"].to_pylist()),
        dates=dates if any(date is not None for date in dates) else None,
        start=helper,
    )
    if model.parts_.area is None and helper is not None and helper.parts_.area is not None:
        model.adopt_area(helper)
    model.card_["sources"] = _sources(exports, labeled)
    model.card_["training_hash"] = _training_hash(table)
    save_model(model, out)
    _talk(model, say)
    return model


def read_exports(
    exports: Sequence[str],
    *,
    columns: Mapping[str, str] | None,
    label_map: Mapping[str, str] | None,
    say: Say,
) -> Labeled:
    """Return the labeled mentions of some exports; says what was odd about them."""
    labeled = read_labeled(list(exports), columns=columns, label_map=label_map)
    if not labeled.table.num_rows:
        raise DataError(f"no labeled mention in {', '.join(exports)}; check text and label columns")
    counts = ", ".join(
        f"{labeled.counts[name]:,} {name}" for name in LABELS if labeled.counts[name]
    )
    say(f"{labeled.table.num_rows:,} labeled mentions: {counts}")
    if labeled.rejects:
        say(f"{len(labeled.rejects):,} rows left out, such as: {labeled.rejects[0].reason}")
    for note in labeled.notes:
        say(note)
    for text, different in labeled.conflicts[1:_CONFLICTS]:  # the first is in the notes
        say(f"  also {text[:60]!r} ({', '.join(different)})")
    if (more := len(labeled.conflicts) - _CONFLICTS) > 0:
        say(f"  and {more:,} more; `rootcause review` on the export ranks those that look wrong")
    return labeled


def _roles(table: pa.Table) -> dict[str, str]:
    """Return which of our labels each of the export's own names plays."""
    return dict(zip(table["own_label"].to_pylist(), table["label"].to_pylist(), strict=True))


def _own(model: MentionClassifier) -> dict[str, str]:
    """Return what a model's own label names mean; nothing where they are ours."""
    classes, roles = model.parts_.labels.classes, model.parts_.roles
    return {} if classes == roles else dict(zip(classes, roles, strict=True))


def _as_named(labels: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Return labels in the spelling of `names`, from which only case may differ."""
    spelled = {name.casefold(): name for name in names}
    return [spelled.get(label.casefold(), label) for label in labels]


def evaluate_exports(
    exports: Sequence[str],
    model: str | Path | MentionClassifier = SHIPPED,
    *,
    label_map: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    say: Say = lambda _: None,
) -> Evaluation:
    """Return how well a model labels the mentions of some labeled exports.

    A model of own label names knows what they mean: they need no map, and are measured too.
    """
    judged = model if isinstance(model, MentionClassifier) else load_model(model)
    roles = _own(judged)
    labeled = read_exports(
        exports, columns=columns, label_map={**roles, **(label_map or {})}, say=say
    )
    table = labeled.table
    if judged.card_.get("training_hash") == _training_hash(table):
        say("these are the very mentions that the model was trained on; the numbers flatter it")
    slices = {
        name: table[name].to_pylist()
        for name in ("channel", "brand")
        if table[name].null_count < table.num_rows
    }
    return evaluate(
        judged,
        table["text"].to_pylist(),
        table["label"].to_pylist(),
        complaint=table["complaint"].to_pylist(),
        areas=table["area"].to_pylist(),
        slices=slices,
        own_labels=_as_named(table["own_label"].to_pylist(), roles) if roles else None,
        seed=seed,
    )


def review(
    source: str | Path,
    *,
    model: str | Path = SHIPPED,
    number: int = 200,
    label_map: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    say: Say = lambda _: None,
) -> pa.Table:
    """Return the mentions most worth a person's look, the first one most.

    Of a scored folder: the mentions to label next (uncertain, unlike one another, no copies).
    Of a labeled export: the rows whose label a model that did not see them contradicts.
    Nothing is changed or deleted.
    """
    if (Path(source) / MANIFEST).is_file():
        scored = open_scored(Path(source))
        weeks = [scored.read(week) for week in scored.weeks()]
        return next_to_label(pa.concat_tables(weeks, promote_options="default"), number, seed=seed)
    judged = load_model(model)
    roles = _own(judged)
    meanings = {**roles, **(label_map or {})}
    table = read_exports([str(source)], columns=columns, label_map=meanings, say=say).table
    texts = table["text"].to_pylist()
    groups = together(texts, table["author"].to_pylist())
    return doubtful_labels(
        table, load_encoder_of(judged), groups, number, roles=_roles(table) if roles else None,
        seed=seed,
    )  # fmt: skip


def load_encoder_of(model: MentionClassifier) -> Encoder:
    """Return the encoder that a fitted classifier reads with."""
    return load_encoder(model.encoder) if isinstance(model.encoder, str) else model.encoder


def together(texts: Sequence[str], authors: Sequence[str | None]) -> list[str | None]:
    """Return a key per row: rows of one author or of copies of one text are joined by it."""
    return [str(group) for group in group_rows(texts, collapse(texts).tolist(), authors)]


def _shipped(encoder: Encoder) -> MentionClassifier | None:
    """Return the shipped model if it is there and reads with this encoder."""
    try:
        return load_model(SHIPPED, encoder=encoder)
    except ModelError:
        return None


def _told(
    given: Sequence[float | None],
    texts: Sequence[str],
    labels: Sequence[str],
    helper: MentionClassifier | None,
) -> list[float | None]:
    """Fill in, for service requests, whether they are complaints: the shipped model's opinion."""
    asked = [i for i, c in enumerate(given) if c is None and labels[i] == "service_request"]
    out = list(given)
    if helper is not None and asked:
        chances = helper.predict([texts[i] for i in asked]).p_complaint
        for i, chance in zip(asked, chances.tolist(), strict=True):
            out[i] = float(chance)
    return out


def _sources(exports: Sequence[str], labeled: Labeled) -> list[str]:
    names = ", ".join(Path(name).name for name in exports)
    lines = [f"Files: {names}."]
    if labeled.rejects:
        lines.append(f"{len(labeled.rejects):,} rows could not be used.")
    return lines


def _training_hash(table: pa.Table) -> str:
    digest = hashlib.sha256()
    rows = zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True)
    for row in sorted(f"{text}\0{label}" for text, label in rows):
        digest.update(row.encode("utf-8", "replace") + b"\1")
    return digest.hexdigest()


def _talk(model: MentionClassifier, say: Say) -> None:
    card = model.card_
    scores, base = card["labels"], card["baselines"]
    say(
        f"out of fold: macro-F1 {scores['macro_f1']:.3f} (words only {base['words only']:.3f}, "
        f"embedding only {base['embedding only']:.3f}), "
        f"complaint {card['complaint']['macro_f1']:.3f}"
    )
    if own := card.get("own_labels"):
        say(f"your own labels, out of fold: macro-F1 {own['macro_f1']:.3f}")
        for name, row in own["classes"].items():
            say(
                f"  {name} ({card['roles'][name]}): precision {row['precision']:.2f}, "
                f"recall {row['recall']:.2f}, {row['mentions']:,} mentions"
            )
    for name, row in scores["classes"].items():
        say(
            f"  {name}: precision {row['precision']:.2f}, recall {row['recall']:.2f}, "
            f"{row['mentions']:,} mentions"
        )
    say(
        f"automatic at {card['target_precision']:.0%} precision: "
        f"{card['auto_share']:.0%} of mentions"
    )
    curve = card["learning_curve"]
    for point in curve["points"]:
        say(f"learning curve: {point['labels']:,} labels, macro-F1 {point['macro_f1']:.3f}")
    say(f"another 500 labels should bring about {100 * curve['gain_of_500_more']:.1f} points")
    if exam := card["exam"]:
        say(
            f"last exam, {exam['mentions']:,} mentions from {exam['from']} on: "
            f"macro-F1 {exam['macro_f1']:.3f}"
        )
    for note in card["notes"]:
        say(note)
