"""Writes a report's folder: all of it or, on an error, what was there before."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from rootcause.errors import DataError
from rootcause.findings import Cause, Report
from rootcause.report.html import Page, page
from rootcause.report.markdown import markdown
from rootcause.report.numbers import Numbers
from rootcause.report.public import publish
from rootcause.report.tables import causes_csv, mentions_csv, replies_csv

# who is responsible for an area or a cause: area or cause id -> (owner, email)
Owners = Mapping[str, tuple[str, str]]

FILES = ("report.html", "report.md", "report.json", "causes.csv", "mentions.csv", "reply_queue.csv")
_OWNERS = "owners"
_EXCEL = "\ufeff"


def render(
    report: Report, folder: str | Path, *, locale: str = "en", owners: Owners | None = None
) -> dict[str, Path]:
    """Write every format into `folder` and return where each file lies, by its relative name.

    The files appear together: they are written into a folder beside it that is then renamed.
    Files of others in `folder` stay. `owners` fills the owner of causes that have none, by cause
    id or by area; each owner gets a page in `owners/`. Equal input gives equal bytes. Raises
    DataError where the folder cannot be written, UsageError for an unknown locale.
    """
    numbers = Numbers(locale)
    report = _owned(report, owners or {})
    public = publish(report)
    files = _texts(report, public, numbers)
    folder = Path(folder)
    try:
        _write_folder(folder, files)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{folder}: cannot write the report ({reason}); name another folder with -o"
        raise DataError(message) from error
    return {name: folder / name for name in files}


def _texts(report: Report, public: Report, numbers: Numbers) -> dict[str, str]:
    people = _people(public)
    pages = {f"{_OWNERS}/{slug}.html": owner for owner, slug in people.items()}
    files = {
        "report.html": page(public, numbers, Page(owner_pages={o: p for p, o in pages.items()})),
        "report.md": markdown(public, numbers),
        "report.json": report_json(public),
        "causes.csv": _EXCEL + causes_csv(public),
        "mentions.csv": _EXCEL + mentions_csv(public),
        "reply_queue.csv": _EXCEL + replies_csv(report),
    }
    for path, owner in pages.items():
        files[path] = page(_part(public, owner), numbers, Page(owner=owner))
    return files


def report_json(public: Report) -> str:
    """Return a published report as JSON (see `schema.json`), stable in order and form."""
    return json.dumps(asdict(public), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _owned(report: Report, owners: Owners) -> Report:
    def own(cause: Cause) -> Cause:
        found = owners.get(cause.cause_id) or owners.get(cause.area)
        if cause.owner or not found:
            return cause
        return replace(cause, owner=found[0], owner_email=found[1] or None)

    causes = tuple(own(c) for c in report.causes)
    return replace(report, causes=causes, questions=tuple(own(q) for q in report.questions))


def _people(report: Report) -> dict[str, str]:
    """Return each owner's file name, by owner."""
    slugs: dict[str, str] = {}
    for cause in (*report.causes, *report.questions):
        if cause.owner and cause.owner not in slugs:
            base = re.sub(r"[^a-z0-9]+", "-", cause.owner.lower()).strip("-")[:60] or "owner"
            taken = set(slugs.values())
            slug = base
            while slug in taken:
                slug = f"{base}-{sum(s.startswith(base) for s in taken) + 1}"
            slugs[cause.owner] = slug
    return slugs


def _part(report: Report, owner: str) -> Report:
    """Return what concerns one owner."""
    causes = tuple(c for c in report.causes if c.owner == owner)
    questions = tuple(q for q in report.questions if q.owner == owner)
    ids = {c.cause_id for c in (*causes, *questions)}
    return replace(
        report,
        causes=causes,
        questions=questions,
        isolated=(),
        praise=(),
        points=(),
        closest=(),
        removable_share=None,
        reply_queue=tuple(r for r in report.reply_queue if r.cause_id in ids),
        outreach=tuple(o for o in report.outreach if o.cause_id in ids),
    )


def _write_folder(folder: Path, files: Mapping[str, str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, text in files.items():
            target = fresh / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(text.encode("utf-8", "replace"))
        fresh.chmod(0o755)
        if folder.is_dir():
            _replace_folder(folder, fresh)
        else:
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _replace_folder(folder: Path, fresh: Path) -> None:
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
    old.rmdir()
    folder.rename(old)
    try:
        fresh.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    for left in sorted(old.iterdir()):
        if left.name not in FILES and left.name != _OWNERS:
            left.rename(folder / left.name)
    shutil.rmtree(old)
