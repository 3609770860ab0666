"""How much is tried: `make test` tries a share of what `make verify` tries, by the same tests."""

import os

import pytest

THOROUGH = bool(os.environ.get("GISHEAT_THOROUGH"))
SHARE, FEWEST = 4, 4


def examples(number: int) -> int:
    """How many examples are tried of the number that a thorough test tries."""
    return number if THOROUGH else min(number, max(FEWEST, number // SHARE))


thorough = pytest.mark.thorough
"""For a test that takes long, and whose subject another one covers in short."""
