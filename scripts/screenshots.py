"""Photographs a report in Chromium: desktop, phone, dark, owner's page and print (PDF and image).

usage: .venv/bin/python scripts/screenshots.py REPORT_FOLDER OUTPUT_FOLDER

Needs the dev extra (playwright) and Debian's chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

SHOTS = {
    "desktop": {"viewport": {"width": 1180, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    "dark": {"viewport": {"width": 1180, "height": 900}, "color_scheme": "dark"},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("chromium is missing; apt-get install chromium\n")
        return 1
    arguments.output.mkdir(parents=True, exist_ok=True)
    page = (arguments.report / "report.html").resolve()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, options in SHOTS.items():
            shoot(browser, page, arguments.output / f"{name}.png", options)
            shoot(browser, page, arguments.output / f"{name}-top.png", options, whole=False)
        owners = sorted((arguments.report / "owners").glob("*.html"))
        if owners:
            shoot(browser, owners[0].resolve(), arguments.output / "owner.png", SHOTS["desktop"])
        printed(browser, page, arguments.output)
        browser.close()
    return 0


def shoot(browser: Browser, page: Path, target: Path, options: dict, *, whole: bool = True) -> None:
    context = browser.new_context(**options)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.screenshot(path=target, full_page=whole)
    context.close()


def printed(browser: Browser, page: Path, output: Path) -> None:
    context = browser.new_context(viewport={"width": 794, "height": 1123})
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.pdf(path=output / "print.pdf", format="A4", prefer_css_page_size=True)
    tab.emulate_media(media="print")
    tab.screenshot(path=output / "print.png", full_page=True)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
