"""How far to trust a report: counts that reconcile, volumes, drift, parameters, versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePath

import pyarrow.compute as pc

from rootcause.classify import correct_volumes, drift
from rootcause.compose.dial import SMALL_WEEK
from rootcause.compose.inputs import Inputs
from rootcause.findings import CANDIDATE, ClassVolume, Dial, Estimate, Trust
from rootcause.pools import foreign_rows
from rootcause.records import LABELS
from rootcause.register import Assignment, WeekFacts
from rootcause.register.moving import breaks
from rootcause.trends.change import LEAST_BASELINE


def make_trust(
    given: Inputs,
    rows: Sequence[Assignment],
    past: Sequence[WeekFacts],
    dial: Sequence[Dial],
    volumes: Sequence[ClassVolume],
    explained: AbstractSet[str],
) -> Trust:
    """Return the trust section.

    `rows` are the week's assignments, `past` earlier weeks, `explained` the ids of the complaints
    that are in a cause or copy one that is.
    """
    table = given.table
    complaints = given.kinds[0].mentions
    mine = {*given.kinds[0].pool.ids, *(item.mention_id for item in given.kinds[0].apart)}
    places = {
        row.mention_id: row.kind
        for row in rows
        if row.mention_id in mine and row.mention_id not in explained
    }
    kinds = Counter(places.values())
    reviews = sum(decision == "review" for decision in table["decision"].to_pylist())
    return Trust(
        counts=_counts(given, len(explained), kinds),
        volumes=tuple(volumes),
        review_share=round(reviews / table.num_rows, 4),
        isolated_share=round(kinds["isolated"] / complaints, 4) if complaints else 0.0,
        dial=tuple(dial),
        drift=_drift(given),
        notes=tuple(_notes(given, past)),
        parameters=(
            ("voices that make a problem recurring", str(given.min_voices)),
            ("least membership strength", f"{given.strength:g}"),
            ("time zone", given.manifest.timezone),
            ("filter", given.scope or "none"),
            ("exposure", "units from a file" if given.exposure else "mentions read"),
            *_own_labels(given),
        ),
        model_card=_card(given),
        inputs=_inputs(given),
        versions=tuple(sorted(given.manifest.versions.items())),
    )


def _counts(given: Inputs, inside: int, kinds: Counter[str]) -> tuple[tuple[str, int], ...]:
    read, table = given.manifest.counts, given.table
    complaint, question = given.kinds
    foreign = int(foreign_rows(table).sum()) if given.encoder.name == "builtin" else 0
    return (
        ("rows read, all weeks", read.read),
        ("… scored", read.scored),
        ("… rejected", read.rejected),
        ("… already scored", read.already_scored),
        ("… company posts", read.company_posts),
        ("mentions of this week", table.num_rows),
        ("… complaints", complaint.mentions),
        ("… questions without a complaint", question.mentions),
        ("… in another language, kept out of the causes", foreign),
        ("… neither", table.num_rows - foreign - complaint.mentions - question.mentions),
        ("complaints of this week", complaint.mentions),
        ("… in causes, copies included", inside),
        ("… isolated", kinds["isolated"]),
        ("… copies of an isolated one", kinds["duplicate"]),
        ("… name no cause", kinds["unspecified"]),
    )


def class_volumes(given: Inputs) -> tuple[ClassVolume, ...]:
    """Return each label's share as classified, and corrected by the out-of-fold confusion."""
    counts = Counter(given.table["label"].to_pylist())
    total = given.table.num_rows
    confusion = given.manifest.model.get("confusion")
    corrected: list[Estimate | None] = [None] * len(LABELS)
    if confusion:
        found = correct_volumes([counts[label] for label in LABELS], confusion)
        corrected = [
            Estimate(
                value=round(e.value / total, 4),
                low=round(e.low / total, 4),
                high=round(e.high / total, 4),
            )
            for e in found
        ]
    return tuple(
        ClassVolume(
            label=label,
            count=counts[label],
            share=round(counts[label] / total, 4),
            corrected=estimate,
        )
        for label, estimate in zip(LABELS, corrected, strict=True)
    )


def _own_labels(given: Inputs) -> list[tuple[str, str]]:
    """Return the team's own label names with their counts, where the model tells them."""
    if "own_label" not in given.table.column_names:
        return []
    names = Counter(
        (own, label)
        for own, label in zip(
            given.table["own_label"].to_pylist(), given.table["label"].to_pylist(), strict=True
        )
        if own is not None
    )
    told = [f"{own} ({label}) {count:,}" for (own, label), count in names.most_common()]
    return [("mentions by your own labels", ", ".join(told))] if told else []


def _drift(given: Inputs) -> tuple[str, ...]:
    table = given.table
    # folders scored by an older version do not say which words were unseen
    unseen = table["unseen_words"] if "unseen_words" in table.column_names else None
    return drift(
        given.manifest.model.get("usual", {}),
        Counter(table["label"].to_pylist()),
        float(pc.mean(table["confidence"]).as_py() or 0.0),
        None if unseen is None else pc.mean(unseen).as_py(),
    )


def _notes(given: Inputs, past: Sequence[WeekFacts]) -> list[str]:
    notes = [CANDIDATE]
    notes += given.notes
    authors = given.table["author"]
    if authors.null_count == authors.length():
        notes.append(
            "The dump names no authors: voices are distinct texts, and one person who posts "
            "twice counts twice."
        )
    if not past:
        notes.append("This is the first reported week: nothing can be called new or growing yet.")
    elif len(past) < LEAST_BASELINE:
        notes.append(f"Only {len(past)} earlier weeks are known; {LEAST_BASELINE} make a baseline.")
    models = {facts.model_id for facts in past} - {given.manifest.model_id}
    if models:
        notes.append("The model changed within the weeks shown: the series break there.")
    shown = {str(facts.week) for facts in past}
    for week, before, after in breaks(given.register):
        if week in shown:
            notes.append(
                f"The register moved from encoder {before} to {after} after {week}: the series "
                "break there, and a change across it may be the encoder's."
            )
    if given.kinds[0].voices < SMALL_WEEK:
        notes.append(
            f"A small week: {given.kinds[0].voices} complaining voices; under {SMALL_WEEK}, "
            "only known causes and the closest groups are shown."
        )
    if given.exposure is None:
        notes.append(
            "Rates are per 1,000 mentions read, which outages and virality move too; a test on "
            "counts and one on rates must agree before a change is claimed."
        )
    elif str(given.week) not in given.exposure:
        notes.append(f"The exposure file has no units for {given.week}: no rate this week.")
    return notes


def _inputs(given: Inputs) -> tuple[tuple[str, str], ...]:
    """Return name and hash of the files read, without the folders that they all lie in.

    Where the dumps lay is nobody's business, and a report is the same wherever it is made.
    """
    paths = [PurePath(item.path.replace("\\", "/")) for item in given.manifest.inputs]
    shared = 0
    if paths:
        folders = [path.parts[:-1] for path in paths]
        while all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
            shared += 1
    return tuple(
        ("/".join(path.parts[shared:]), item.sha256)
        for path, item in zip(paths, given.manifest.inputs, strict=True)
    )


def _card(given: Inputs) -> tuple[tuple[str, str], ...]:
    card = given.manifest.model.get("card", {})
    rows = [("model", given.manifest.model_id), ("encoder", given.manifest.encoder)]
    if "mentions" in card:
        rows.append(("trained on", f"{card['mentions']:,} labeled mentions"))
    if "labels" in card:
        rows.append(("macro-F1 out of fold", f"{card['labels']['macro_f1']:.2f}"))
    if "complaint" in card:
        rows.append(("complaint or not, macro-F1", f"{card['complaint']['macro_f1']:.2f}"))
    if "auto_share" in card:
        share, precision = card["auto_share"], card["target_precision"]
        rows.append((f"automatic at {precision:.0%} precision", f"{share:.0%} of mentions"))
    return tuple(rows)
