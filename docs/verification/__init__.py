"""Comparisons that make up docs/verification.md: with other programs, published results, closed formulas.

What tests and page share (cases with published results, closed formulas, EPANET's constants) stands in tests/.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT / "tests") not in sys.path:
    sys.path.append(str(ROOT / "tests"))
