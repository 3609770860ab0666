"""Opens a report in headless Chromium, uses it as a reader would, and prints what was seen as JSON.

Run by the environment of `make verify`, which has playwright: browser_runner.py PAGE FOLDER WIDTH PIPE [loads]
PIPE is the row of a pipe to point at; screenshots and the printed page go into FOLDER.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HEIGHTS = {1280: 900, 400: 800}
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
    import shutil

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit("no Chromium on this machine: sh tools/browser.sh")
    return found


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


def use_map(page: Page, folder: Path, width: int, pipe: int) -> dict[str, object]:
    """Point at a pipe, keep it, move, zoom, colour and switch."""
    touch, seen = width < TOUCH_BELOW, {}
    page.evaluate("document.getElementById('map-section').scrollIntoView()")
    page.wait_for_timeout(200)
    page.screenshot(path=folder / f"map-{width}.png")
    card, zoom = page.locator("#card"), "window.gisheat.map.getZoom()"
    middle = page.evaluate(MIDDLE, pipe)
    seen["before"] = card.inner_text()
    if touch:
        page.touchscreen.tap(*middle)
    else:
        page.mouse.move(*middle)
    page.wait_for_timeout(150)
    seen["pointed"] = card.inner_text()
    page.screenshot(path=folder / f"pointed-{width}.png")
    if not touch:
        seen["tip"] = page.locator(".tip").inner_text()
        page.mouse.click(*middle)
        page.wait_for_timeout(100)
    seen["pinned"] = card.get_attribute("class")
    page.keyboard.press("Escape")
    seen["let go"] = card.get_attribute("class")
    box = page.locator("#map").bounding_box()
    assert box is not None
    here = (box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"])
    start = page.evaluate(CENTRE)
    drag(page, here, (here[0] - 80, here[1] - 60), touch=touch)
    page.wait_for_timeout(600)
    seen["moved"] = [a - b for a, b in zip(page.evaluate(CENTRE), start, strict=True)]
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
    seen["zooms"] = zooms
    page.screenshot(path=folder / f"zoomed-{width}.png")
    page.locator("#whole").click()
    seen["legends"] = []
    for k in range(page.locator("#colour option").count()):
        page.locator("#colour").select_option(str(k))
        page.wait_for_timeout(80)
        seen["legends"].append(page.locator("#pipe-legend").inner_text())
    page.wait_for_timeout(300)
    pictures = [page.locator("#map").screenshot()]
    page.locator("#switches input[data-layer=stations]").uncheck()
    page.wait_for_timeout(300)
    pictures.append(page.locator("#map").screenshot())
    page.locator("#switches input[data-layer=stations]").check()
    seen["switched"] = pictures[0] != pictures[1]
    return seen


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
    seen: dict[str, object] = {"console": [], "requests": [], "dialogs": [], "seconds": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser())
        page = browser.new_page(viewport={"width": width, "height": HEIGHTS[width]}, has_touch=width < TOUCH_BELOW)
        page.on("console", lambda message: seen["console"].append(message.text))
        page.on("pageerror", lambda error: seen["console"].append(str(error)))
        page.on("request", lambda request: seen["requests"].append(request.url[:80]))
        page.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
        for _ in range(loads):
            page.goto(page_file.resolve().as_uri())
            seen["seconds"].append(page.evaluate(LOAD_SECONDS))
        page.wait_for_timeout(200)
        page.screenshot(path=folder / f"top-{width}.png")
        page.screenshot(path=folder / f"whole-{width}.png", full_page=True)
        seen["overflow"] = page.evaluate("document.documentElement.scrollWidth") - width
        seen |= use_map(page, folder, width, pipe)
        seen |= use_tables(page)
        seen["text"] = page.locator("body").inner_text()
        if width >= TOUCH_BELOW:
            page.pdf(path=folder / "printed.pdf", prefer_css_page_size=True)
        browser.close()
    return seen


if __name__ == "__main__":
    source, target, wide, row, times = [*sys.argv[1:], "1"][:5]
    Path(target).mkdir(parents=True, exist_ok=True)
    print(json.dumps(look(Path(source), Path(target), int(wide), int(row), int(times))))
