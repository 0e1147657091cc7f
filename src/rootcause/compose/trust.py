"""How far to trust a report: counts that reconcile, volumes, drift, parameters, versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rootcause.classify import correct_volumes
from rootcause.compose.dial import SMALL_WEEK
from rootcause.compose.inputs import Inputs
from rootcause.evaluate import drift
from rootcause.findings import ClassVolume, Dial, Estimate, Trust
from rootcause.pools import foreign_rows
from rootcause.records import LABELS
from rootcause.register import Assignment, WeekFacts
from rootcause.trends.change import LEAST_BASELINE


def make_trust(
    given: Inputs, rows: Sequence[Assignment], past: Sequence[WeekFacts], dial: Sequence[Dial]
) -> Trust:
    """Return the trust section; `rows` are the week's assignments, `past` earlier weeks."""
    table = given.table
    complaints = given.kinds[0].mentions
    mine = {*given.kinds[0].pool.ids, *(item.mention_id for item in given.kinds[0].apart)}
    inside = {row.mention_id for row in rows if row.kind == "cause"}
    kinds = Counter(
        row.kind for row in rows if row.mention_id in mine and row.mention_id not in inside
    )
    reviews = sum(decision == "review" for decision in table["decision"].to_pylist())
    return Trust(
        counts=_counts(given, len(inside), kinds),
        volumes=_volumes(given),
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
        ),
        model_card=_card(given),
        inputs=tuple((item.path, item.sha256) for item in given.manifest.inputs),
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
        ("… in causes", inside),
        ("… repeat another mention", kinds["duplicate"]),
        ("… isolated", kinds["isolated"]),
        ("… name no cause", kinds["unspecified"]),
    )


def _volumes(given: Inputs) -> tuple[ClassVolume, ...]:
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


def _drift(given: Inputs) -> tuple[str, ...]:
    usual = given.manifest.model.get("usual", {})
    confidence = given.table["confidence"].to_pylist()
    return drift(
        usual,
        Counter(given.table["label"].to_pylist()),
        sum(confidence) / max(1, len(confidence)),
    )


def _notes(given: Inputs, past: Sequence[WeekFacts]) -> list[str]:
    notes = ["A cause is a candidate: a group of complaints that read as the same problem."]
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
    first = past[0].week if past else given.week
    if models or any(first <= week for week in given.register.breaks()):
        notes.append("The model changed within the weeks shown: the series break there.")
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
