"""Write what is made in the documentation: generated pages, shown outputs, pictures (`make docs`).

    python docs/make_docs.py [--into FOLDER]

Into the repository, or into another folder with the same layout (which is how tests/test_docs.py compares).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

from executed import ROOT, make_clone, run_page
from images import draw_heads, draw_routes, reduce_picture
from make_verification import verification_page
from page_server import served
from reference import catalogues_page, columns_page, options_page
from rule_images import draw_rules

from gisheat import kernels

GENERATED: dict[str, Callable[[], str]] = {
    "docs/columns.md": columns_page,
    "docs/options.md": options_page,
    "docs/catalogues.md": catalogues_page,
    "docs/verification.md": verification_page,
}
WITH_DEMO = ("README.md", "docs/tutorial-mulan.md")
"""Pages that begin with `make demo`."""
EXECUTED = (
    "docs/routing.md", "docs/sweeps.md", "docs/your-own-data.md",
    "docs/epanet.md", "docs/operation.md", "docs/pressure-diagram.md", "docs/method.md", "docs/topology.md",
    "docs/report.md", "docs/hydraulic-table.md", "docs/maps.md", "docs/cost.md", "docs/regulation.md",
    "docs/station-equipment.md", "docs/duration.md", "docs/formats.md", "docs/as-built.md", "docs/cad.md",
    "docs/streets-from-osm.md", "docs/postgis.md", "docs/versions.md",
)  # fmt: skip
ON_A_SERVER = "docs/postgis.md"
"""The page whose commands need a database."""
REDUCED: dict[str, dict[str, str]] = {
    "README.md": {"mulan.png": "mulan.png"},
    "docs/maps.md": {f"mulan-{kind}.png": f"{kind}.png" for kind in ("loads", "phases", "sketch")},
    "docs/pressure-diagram.md": {"pressure-diagram.png": "diagram.png", "pressure-diagram-zh.png": "diagram-zh.png"},
    "docs/regulation.md": {"regulation.png": "regulation.png", "regulation-kink.png": "kink.png"},
    "docs/duration.md": {"duration.png": "duration.png", "duration-sources.png": "duration-sources.png"},
}
"""Pictures that the commands of a page leave in out/, by the name under which the page shows them, smaller."""
FROM_DEMO = "README.md"
"""The page whose commands leave the result that the pictures are made from."""


def make_pages(*names: str) -> dict[str, str | bytes]:
    """Content of pages that are run in one folder, and of the pictures that come with them, by file name."""
    kernels.ALWAYS_COMPILED = True  # results are the same, and the pages solve the sample thirty times
    made: dict[str, str | bytes] = {}
    printed_by_demo: dict[Path, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder).resolve())
        for name in names:
            if name in GENERATED:
                made[name] = GENERATED[name]()
            else:
                text = (ROOT / name).read_text(encoding="utf-8")
                with served(clone) if name == ON_A_SERVER else nullcontext():
                    made[name] = run_page(text, clone, name, printed_by_demo)
                made |= make_pictures(name, clone / "out")
    return made


def make_pictures(name: str, out: Path) -> dict[str, str | bytes]:
    """Pictures of a page, from what its commands left, by file name."""
    made: dict[str, str | bytes] = {}
    if name == FROM_DEMO:
        made["docs/images/heads.svg"] = draw_heads(out / "mulan.gpkg")
    if name == "docs/topology.md":
        made |= draw_rules()
    if name == "docs/routing.md":
        made["docs/images/routing.svg"] = draw_routes(out / "routed.gpkg")
    for picture, left in REDUCED.get(name, {}).items():
        made[f"docs/images/{picture}"] = reduce_picture(out / left)
    return made


def make(into: Path) -> list[Path]:
    """Write everything below a folder; returns the files."""
    written = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        begun = [pool.submit(make_pages, *WITH_DEMO)] + [pool.submit(make_pages, n) for n in (*EXECUTED, *GENERATED)]
        for pages in begun:
            for name, content in pages.result().items():
                file = into / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content if isinstance(content, bytes) else content.encode())
                written.append(file)
    return written


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT)
    for file in make(parser.parse_args().into.resolve()):
        sys.stdout.write(f"written: {file}\n")


if __name__ == "__main__":
    main()
