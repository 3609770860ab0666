"""The page of the verification fails when a figure misses its limit, and keeps what it can't make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(code: str) -> str:
    """What a few lines print that import the modules of docs/."""
    head = f"import sys; sys.path.insert(0, {str(ROOT / 'docs')!r})\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_networks_and_figures_that_miss_their_limit_are_marked_and_remembered() -> None:
    said = run("""
import verification
from verification.rows import Case, attempt, comparison, missed, networks
from figures import Figure
good = Case("good", "rough", 2, 1, head=1e-4, head_range=1.0, flow=1e-5, largest_flow=1.0)
print(networks([good, good._replace(name="heads", head=2e-3), good._replace(name="flows", flow=2e-4),
                attempt(lambda: 1 / 0, good._replace(name="broken"))]))
print(comparison([Figure("fine", 1.0, 1.0, 1e-9), Figure("wrong", 1.0, 1.1, 0.01)], "formula"))
print("missed:", *(line.split(",")[0].split(":")[0] for line in missed))
""")
    rows = {line.split(" | ")[0].strip("| "): line for line in said.splitlines() if line.startswith("| ")}
    assert [name for name, row in rows.items() if "**" in row] == ["heads", "flows", "broken", "wrong"]
    assert "division by zero" in rows["broken"]
    assert said.splitlines()[-1] == "missed: heads flows broken wrong"


def test_heads_that_only_one_program_has_are_no_agreement() -> None:
    said = run("""
import verification, numpy as np
from verification.rows import differences
a, b = np.array([1.0, np.nan]), np.array([1.0, 2.0])
print(differences(a, b, b, b)["head"], differences(a, a, b, b)["head"])
""")
    assert said.split() == ["inf", "0.0"]


def test_sections_without_their_program_stay_as_they_are() -> None:
    said = run("""
import make_verification as page
from pathlib import Path
page.SECTIONS = (page.Section("Other", lambda: 1 / 0, ("no_such_program",)), page.Section("Own", lambda: "new"))
page.PAGE = Path(page.PAGE.parent / "no such page")
print(page.sections_of("# T\\n\\n## Other\\n\\nold text\\n\\n### part\\n\\n## Own\\n\\nold\\n")["Other"])
print(page.verification_page())
""")
    assert "old text\n\n### part" in said
    assert "## Other\n\nNot made yet." in said
    assert said.rstrip().endswith("## Own\n\nnew")
