"""Is the register whole?"""

from __future__ import annotations

from rootcause.register.book import Register
from rootcause.register.causes import COUNTED

# (what is wrong, query that counts it)
_ORPHANS = (
    (
        "assignments of unknown causes",
        "SELECT count(*) FROM assignments WHERE cause_id <> '' AND cause_id NOT IN"
        " (SELECT id FROM causes)",
    ),
    (
        "assignments of causes merged away",
        "SELECT count(*) FROM assignments WHERE cause_id IN"
        " (SELECT id FROM causes WHERE state = 'merged')",
    ),
    (
        "assignments written by no report",
        "SELECT count(*) FROM assignments WHERE run NOT IN (SELECT week FROM weeks)",
    ),
    (
        "causes merged into nothing",
        "SELECT count(*) FROM causes WHERE (state = 'merged') <> (merged_into IS NOT NULL)",
    ),
    (
        "exemplars of another dimension",
        "SELECT count(*) FROM exemplars WHERE length(vector) <>"
        " 2 * (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'dimension')",
    ),
    (
        "ids that would be given twice",
        "SELECT count(*) FROM causes WHERE CAST(substr(id, 4) AS INTEGER) >="
        " coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'next_cause'), 1)",
    ),
)


def verify(register: Register) -> list[str]:
    """Return what is wrong, a sentence each; an empty list if all is well.

    SQLite's own integrity check, foreign keys, orphan rows, and counts against the assignments
    that they are counted from.
    """
    problems = [
        f"integrity: {row[0]}" for row in register.rows("PRAGMA integrity_check") if row[0] != "ok"
    ]
    if problems:
        return problems
    for table, row, parent, _ in register.rows("PRAGMA foreign_key_check"):
        problems.append(f"row {row} of {table} points to a missing row of {parent}")
    for what, query in _ORPHANS:
        number = register.rows(query)[0][0]
        if number:
            problems.append(f"{number:,} {what}")
    pairs = "(SELECT DISTINCT cause_id, week FROM assignments WHERE cause_id <> '')"
    register.change("DROP TABLE IF EXISTS temp.counted")
    register.change("CREATE TEMP TABLE counted AS" + COUNTED.format(pairs=pairs))
    stored = "SELECT cause_id, week, run, voices, mentions, days, channels FROM cause_weeks"
    counted = "SELECT * FROM counted"
    for one, other in ((counted, stored), (stored, counted)):
        for row in register.rows(f"SELECT * FROM ({one} EXCEPT {other}) LIMIT 3"):  # noqa: S608
            problems.append(f"counts of {row[0]} in {row[1]} differ from its assignments")
    register.change("DROP TABLE temp.counted")
    return list(dict.fromkeys(problems))
