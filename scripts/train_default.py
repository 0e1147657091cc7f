"""Train the shipped model, models/default, from the labeled notes.

    .venv/bin/python scripts/train_default.py [--data ../shared/datasets] [-o models/default]

Nothing that is a text of brands_dev or united_dev, or nearly one, is ever trained on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from default_data import SOURCES, labeled_notes, teacher_opinions, together, told_complaints
from encoder_data import HELD_OUT_NOTES
from rootcause.artifact import save_model
from rootcause.classify import MentionClassifier
from rootcause.encode import load_encoder


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("--encoder", default="builtin")
    parser.add_argument("-o", "--out", type=Path, default=Path("models/default"))
    parser.add_argument("--limit", type=int, default=None, help="rows at most, for a quick try")
    options = parser.parse_args()
    notes = labeled_notes(options.data)[: options.limit]
    texts = [note.text for note in notes]
    sys.stderr.write(f"{len(notes):,} notes\n")
    model = MentionClassifier(load_encoder(options.encoder)).fit(
        texts,
        [note.label for note in notes],
        complaint=[float(note.complaint) for note in notes],
        areas=[note.area for note in notes],
        # whole sources sit on one side of a fold: what is measured is a company never met
        groups=[note.source for note in notes],
        extra=together(told_complaints(options.data, notes), teacher_opinions(options.data, notes)),
        # of the other notes, the encoder has seen what they are about
        unseen=[note.source in HELD_OUT_NOTES for note in notes],
    )
    model.card_["sources"] = list(SOURCES)
    save_model(model, options.out)
    card = model.card_
    sys.stderr.write(
        f"{options.out}: model {model.model_id}, out of fold macro-F1 "
        f"{card['labels']['macro_f1']}, complaint {card['complaint']['macro_f1']}, automatic "
        f"{card['auto_share']:.0%}, area {card['topics']['area']['accuracy']}\n"
    )


if __name__ == "__main__":
    main()
