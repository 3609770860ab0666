"""Compare with published results, closed formulas and other programs, and write docs/verification.md (`make verify`).

The page says nothing about time or machine, and rounding noise is shown as a limit, so that the same code
gives the same text. Sections that need EPANET, wntr or pandapipes are made where these are installed; elsewhere
(`make docs`) they stay as they are in the page. The script fails when a figure misses its limit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from verification import ROOT, streets, texts
from verification.rows import missed

MADE = "<!-- Made by `make verify` (docs/make_verification.py, docs/verification): change it there. -->"
PAGE = ROOT / "docs" / "verification.md"


class Section(NamedTuple):
    """A section of the page: heading, maker of its text, and the programs it is a comparison with."""

    heading: str
    make: Callable[[], str]
    needs: tuple[str, ...] = ()
    variable: str = ""
    """Variable of the environment that has to name data which is not ours to hand on."""

    @property
    def possible(self) -> bool:
        """Whether the programs and data are there."""
        return all(find_spec(name) for name in self.needs) and (not self.variable or self.variable in os.environ)


SECTIONS = (
    Section("EPANET 2.3", texts.epanet, ("epanet", "wntr", "gisheat.epanet")),
    Section("pandapipes", texts.pandapipes_live, ("pandapipes",)),
    Section("OpenModelica and STANET", texts.pandapipes_stored, ("pandapipes",)),
    Section("Other published networks", texts.published_networks),
    Section("Closed formulas", texts.closed_formulas),
    Section("The published table: trunk of Mulan", texts.trunk),
    Section("The same trunk with other friction laws", texts.laws),
    Section("What the table says about itself", texts.printed_bores),
    Section("Loads", texts.loads),
    Section("Regulation", texts.regulation),
    Section("The whole sample", texts.sample),
    Section("Street drawings of momepy", streets.momepy_text, ("momepy",)),
    Section("Other street drawings", streets.folder_text, variable="GISHEAT_STREETS"),
    Section("Water", texts.water),
    Section("Balances", texts.balances),
)


def verification_page() -> str:
    """Text of docs/verification.md."""
    before = sections_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    parts = ["# Verification", MADE, texts.INTRODUCTION.strip()]
    for section in SECTIONS:
        text = section.make().strip() if section.possible else before.get(section.heading, "Not made yet.")
        parts.append(f"## {section.heading}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def sections_of(page: str) -> dict[str, str]:
    """Text of each section of a page, by its heading."""
    _, *parts = page.split("\n## ")
    return {heading: text.strip() for heading, _, text in (part.partition("\n") for part in parts)}


def main() -> None:
    """Write docs/verification.md; with everything there, so that no section is an old one."""
    lacking = sorted({name for section in SECTIONS for name in section.needs if not find_spec(name)})
    PAGE.write_text(verification_page(), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")
    if missed:
        raise SystemExit("verification, limits missed:\n  " + "\n  ".join(missed))
    if lacking:
        raise SystemExit(f"verification: {', '.join(lacking)} not installed: their sections stay as they were.")


if __name__ == "__main__":
    main()
