"""Opens a report in headless Chromium, uses it as a reader would, and prints what was seen as JSON.

Run by the environment of `make verify`, which has playwright: browser_runner.py PAGE FOLDER WIDTH PIPE [loads]
PIPE is the row of a pipe to point at; screenshots and the printed page go into FOLDER.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HEIGHTS = {1280: 900, 400: 800}
PAPER = {"width": 1032, "height": 703}
"""A4 across within its margins, at 96 dots per inch."""
TOUCH_BELOW = 600
MIDDLE = """row => {
  const map = window.gisheat.map, part = window.gisheat.data.map.pipes.lines[row][0];
  const end = [part[0] + part[2], part[1] + part[3]];
  const point = map.latLngToContainerPoint([(part[1] + end[1]) / 20, (part[0] + end[0]) / 20]);
  const box = map.getContainer().getBoundingClientRect();
  return [box.left + point.x, box.top + point.y];
}"""
LOAD_SECONDS = "(performance.timing.loadEventEnd - performance.timing.navigationStart) / 1000"
CENTRE = "[window.gisheat.map.getCenter().lat, window.gisheat.map.getCenter().lng]"


def find_browser() -> str:
    """Path of the Chromium of this machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit("no Chromium on this machine: sh tools/browser.sh")
    return found


def processor_time(session: CDPSession) -> float:
    """Seconds that the processors have worked for a page."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ProcessTime")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], *, touch: bool) -> None:
    """Drag with the mouse, or with a finger."""
    if not touch:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=6)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    for step in range(7):
        x, y = (a + (b - a) * step / 6 for a, b in zip(start, end, strict=True))
        kind = "touchStart" if step == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def point_at(page: Page, folder: Path, width: int, pipe: int) -> dict[str, object]:
    """Point at a pipe, keep it, let it go."""
    seen: dict[str, object] = {}
    card, middle = page.locator("#card"), page.evaluate(MIDDLE, pipe)
    seen["before"] = card.inner_text()
    if width < TOUCH_BELOW:
        page.touchscreen.tap(*middle)
    else:
        page.mouse.move(*middle)
    page.wait_for_timeout(150)
    seen["pointed"] = card.inner_text()
    page.screenshot(path=folder / f"pointed-{width}.png")
    if width >= TOUCH_BELOW:
        seen["tip"] = page.locator(".tip").inner_text()
        page.mouse.click(*middle)
        page.wait_for_timeout(100)
    seen["pinned"] = card.get_attribute("class")
    page.keyboard.press("Escape")
    seen["let go"] = card.get_attribute("class")
    return seen


def move(page: Page, folder: Path, width: int) -> dict[str, object]:
    """Drag the map, and zoom by button, key and wheel."""
    touch, zoom = width < TOUCH_BELOW, "window.gisheat.map.getZoom()"
    box = page.locator("#map").bounding_box()
    assert box is not None
    here = (box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"])
    start = page.evaluate(CENTRE)
    drag(page, here, (here[0] - 80, here[1] - 60), touch=touch)
    page.wait_for_timeout(600)
    moved = [a - b for a, b in zip(page.evaluate(CENTRE), start, strict=True)]
    zooms = [page.evaluate(zoom)]
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_timeout(500)
    zooms.append(page.evaluate(zoom))
    page.locator("#map").focus()
    page.keyboard.press("+")
    page.wait_for_timeout(500)
    zooms.append(page.evaluate(zoom))
    if not touch:
        page.mouse.move(*here)
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(600)
        zooms.append(page.evaluate(zoom))
    page.screenshot(path=folder / f"zoomed-{width}.png")
    page.locator("#whole").click()
    return {"moved": moved, "zooms": zooms}


def colour(page: Page) -> dict[str, object]:
    """Try every way to colour, and switch the stations off and on."""
    legends = []
    for k in range(page.locator("#colour option").count()):
        page.locator("#colour").select_option(str(k))
        page.wait_for_timeout(80)
        legends.append(page.locator("#pipe-legend").inner_text())
    page.wait_for_timeout(300)
    pictures = [page.locator("#map").screenshot()]
    page.locator("#switches input[data-layer=stations]").uncheck()
    page.wait_for_timeout(300)
    pictures.append(page.locator("#map").screenshot())
    page.locator("#switches input[data-layer=stations]").check()
    return {"legends": legends, "switched": pictures[0] != pictures[1]}


def use_tables(page: Page) -> dict[str, object]:
    """Sort, filter, and go from a row to the map."""
    seen: dict[str, object] = {}
    table = page.locator("section[data-table=stations]")
    heads = table.locator("thead th")
    column = next(k for k in range(heads.count()) if heads.nth(k).inner_text().startswith(("Surplus", "富裕")))
    heads.nth(column).locator("span").press("Enter")
    seen["sorted"] = table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
    heads.nth(column).click()
    seen["reversed"] = table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
    ids = table.locator("tbody td:first-child").all_inner_texts()
    seen["stations"] = ids
    table.locator("input").fill(ids[-1])
    page.wait_for_timeout(300)
    seen["filtered"] = table.locator("tbody td:first-child").all_inner_texts()
    table.locator("tbody button").first.click()
    page.wait_for_timeout(200)
    seen["shown"] = page.locator("#card h4").inner_text()
    page.keyboard.press("Escape")
    return seen


def look(page_file: Path, folder: Path, width: int, pipe: int, loads: int) -> dict[str, object]:
    """Everything that is seen at one width."""
    seen: dict[str, object] = {"console": [], "requests": [], "dialogs": [], "seconds": [], "processor seconds": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser())
        page = browser.new_page(viewport={"width": width, "height": HEIGHTS[width]}, has_touch=width < TOUCH_BELOW)
        page.on("console", lambda message: seen["console"].append(message.text))
        page.on("pageerror", lambda error: seen["console"].append(str(error)))
        page.on("request", lambda request: seen["requests"].append(request.url[:80]))
        page.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        for _ in range(loads):
            before = processor_time(session)
            page.goto(page_file.resolve().as_uri())
            seen["seconds"].append(page.evaluate(LOAD_SECONDS))
            seen["processor seconds"].append(processor_time(session) - before)
        page.wait_for_timeout(200)
        page.screenshot(path=folder / f"top-{width}.png")
        page.screenshot(path=folder / f"whole-{width}.png", full_page=True)
        seen["overflow"] = page.evaluate("document.documentElement.scrollWidth") - width
        page.evaluate("document.getElementById('map-section').scrollIntoView()")
        page.wait_for_timeout(200)
        page.screenshot(path=folder / f"map-{width}.png")
        seen |= point_at(page, folder, width, pipe) | move(page, folder, width) | colour(page)
        seen |= use_tables(page)
        seen["text"] = page.locator("body").inner_text()
        if width >= TOUCH_BELOW:
            page.pdf(path=folder / "printed.pdf", prefer_css_page_size=True)
            page.emulate_media(media="print")
            page.set_viewport_size(PAPER)
            page.locator("#map-section").screenshot(path=folder / "paper.png")
        browser.close()
    return seen


if __name__ == "__main__":
    source, target, wide, row, times = [*sys.argv[1:], "1"][:5]
    Path(target).mkdir(parents=True, exist_ok=True)
    print(json.dumps(look(Path(source), Path(target), int(wide), int(row), int(times))))
