"""The page in a real Chromium: works, asks the network for nothing, obeys no mention."""

import shutil
from contextlib import contextmanager

import pytest

from rootcause.report import render
from sample_report import many, sample
from test_report_hostile import hostile

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

DESKTOP = {"viewport": {"width": 1180, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    made = {"sample": sample(), "hostile": hostile(), "many": many()}
    files = {name: render(report, folder / name) for name, report in made.items()}
    found = {name: paths["report.html"] for name, paths in files.items()}
    found["owner"] = files["sample"]["owners/priya-nair.html"]
    return found


@contextmanager
def opened(browser, path, **options):
    """Yield a tab on `path`; on leaving, it has logged nothing and asked for nothing else."""
    context = browser.new_context(**{**DESKTOP, **options})
    context.set_default_timeout(10_000)
    tab = context.new_page()
    noise, requests = [], []
    tab.on("console", lambda m: noise.append(m.text))
    tab.on("pageerror", lambda e: noise.append(str(e)))
    tab.on("dialog", lambda d: (noise.append(d.message), d.dismiss()))
    tab.on("request", lambda r: requests.append(r.url))
    tab.goto(path.as_uri())
    yield tab
    tab.wait_for_timeout(100)
    context.close()
    assert not noise
    assert set(requests) == {path.as_uri()}


@pytest.mark.parametrize("name", ["sample", "owner", "many", "hostile"])
def test_page_logs_no_error_and_sends_no_request(browser, pages, name):
    with opened(browser, pages[name]) as tab:
        tab.mouse.move(500, 400)
        tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        assert tab.locator("h1").inner_text()


def test_hostile_mentions_are_text(browser, pages):
    with opened(browser, pages["hostile"]) as tab:
        assert tab.locator("h1").inner_text().startswith("<script>alert(5)</script>")
        quotes = tab.locator("blockquote").all_inner_texts()
        assert "<svg onload=alert(1)><circle/></svg>" in quotes
        assert tab.locator("script").count() == 1
        foreign = "iframe, img, form:not(#filters), base, [onload], [onerror]"
        assert tab.locator(foreign).count() == 0
        for summary in tab.locator("summary:visible").all()[:4]:
            summary.click()
        for one in tab.locator("#map button").all():
            one.click()


def test_page_is_readable_without_script(browser, pages):
    with opened(browser, pages["sample"], java_script_enabled=False) as tab:
        assert tab.locator(".card:visible").count() == 13
        assert tab.locator("#theme:visible, #filters:visible").count() == 0
        assert tab.locator("circle title").count() > 100
        assert tab.locator("#map button").first.is_visible()
        tab.locator("#RC-0001 summary").click()
        assert tab.locator("#RC-0001 .more").get_by_text("Contacts a year").is_visible()


def test_filters_show_matching_cards_and_count_them(browser, pages):
    with opened(browser, pages["sample"]) as tab:
        tab.select_option("select[name=owner]", "Tom Becker")
        assert tab.locator(".card:visible h3").all_inner_texts() == [
            "Exit fee charged to customers who move house",
            "Charged twice for the same month",
            "Price raised in the middle of the contract",
        ]
        assert tab.locator("#shown").inner_text() == "3 of 13 shown"
        tab.select_option("select[name=status]", "returned")
        assert tab.locator(".card:visible").count() == 1
        tab.select_option("select[name=segment]", "region: North")
        assert tab.locator(".card:visible").count() == 0
        tab.get_by_role("button", name="Clear").click()
        tab.wait_for_timeout(50)
        assert tab.locator(".card:visible").count() == 13
        tab.select_option("select[name=kind]", "question")
        assert tab.locator(".card:visible").count() == 1
        # a link to a hidden card brings it back
        tab.locator(".first a").first.click()
        tab.locator("#RC-0001").wait_for(state="visible")


def colours(tab):
    script = (
        "() => [getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.trend svg path[stroke]')).stroke]"
    )
    return tab.evaluate(script)


def test_theme_follows_the_system_and_the_button(browser, pages):
    with opened(browser, pages["sample"]) as tab:
        light = colours(tab)
        tab.get_by_role("button", name="Switch between light and dark").click()
        dark = colours(tab)
        assert light[0] != dark[0] and light[1] != dark[1]
        tab.reload()
        assert colours(tab) == dark, "the choice is kept"
        tab.get_by_role("button", name="Switch between light and dark").click()
        assert colours(tab) == light
    with opened(browser, pages["sample"], color_scheme="dark") as tab:
        assert colours(tab) == dark


def test_map_shows_the_quote_under_the_pointer(browser, pages):
    with opened(browser, pages["sample"]) as tab:
        dot = tab.locator("circle[data-c=RC-0001]").first
        dot.scroll_into_view_if_needed()
        box = dot.bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tip = tab.locator("#tip").inner_text()
        assert tip.startswith("Login code by text message never arrives\n")
        assert len(tip.splitlines()[1]) > 20
        assert tab.locator("circle title").count() == 0, "no second tooltip by the browser"


def test_map_works_from_the_keyboard(browser, pages):
    with opened(browser, pages["sample"]) as tab:
        first = tab.locator("#map button").first
        first.focus()
        tab.keyboard.press("Enter")
        assert first.get_attribute("aria-pressed") == "true"
        assert tab.locator("circle.on").count() == 80
        seen = {tab.locator("#tip").inner_text()}
        for _ in range(2):
            tab.keyboard.press("ArrowRight")
            seen.add(tab.locator("#tip").inner_text())
        assert len(seen) == 3
        tab.keyboard.press("Enter")
        assert tab.locator("circle.on").count() == 0


def test_keyboard_reaches_everything_in_order(browser, pages):
    with opened(browser, pages["sample"]) as tab:
        order = []
        for _ in range(16):
            tab.keyboard.press("Tab")
            order.append(tab.evaluate("document.activeElement.textContent.trim().slice(0, 24)"))
        assert order[0] == "Skip to the causes"
        assert order[1] == "Dark"
        assert order[2].startswith("Login code")
        assert "What changed" in order
        summary = tab.locator("#RC-0001 summary")
        summary.focus()
        tab.keyboard.press("Enter")
        assert tab.locator("#RC-0001 .more").is_visible()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("name", ["sample", "owner", "hostile"])
def test_no_sideways_scrolling_on_a_phone(browser, pages, name, width):
    with opened(browser, pages[name], viewport={"width": width, "height": 740}) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_paper_shows_what_the_folds_hide(browser, pages):
    for script in (True, False):
        with opened(browser, pages["sample"], java_script_enabled=script) as tab:
            tab.emulate_media(media="print")
            assert tab.locator("nav").is_hidden()
            assert tab.locator("#theme").is_hidden()
            assert tab.locator("#RC-0001 .more dd").first.bounding_box()["height"] > 5
            assert len(tab.pdf(format="A4")) > 50_000


@pytest.mark.parametrize(
    ("name", "options"),
    [("sample", DESKTOP), ("owner", {**PHONE, "color_scheme": "dark"})],
    ids=["desktop", "dark phone"],
)
def test_axe_finds_nothing(browser, pages, name, options):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    with opened(browser, pages[name], **options) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = axe.Axe().run(tab).response["violations"]
        assert [(v["id"], v["impact"], v["nodes"][0]["html"][:120]) for v in found] == []


def test_the_demo_reports_are_as_clean_as_the_invented_one(browser, demo):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    week = demo.reports / "2026-W47"
    for path in (week / "report.html", sorted((week / "owners").glob("*.html"))[0]):
        assert path.stat().st_size < 3_000_000
        with opened(browser, path, **PHONE) as tab:
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert tab.evaluate("document.documentElement.scrollWidth") == 360
            assert axe.Axe().run(tab).response["violations"] == []
