"""What is said when the engine is compiled, and when it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from networks import TREE, WATER, draw

import gisheat
from gisheat.equations import solving
from gisheat.numerics import chains

SENTENCE = "compiling the engine"


class Kernel:
    """Stands for a function of numba's that has not been compiled in this process."""

    signatures = ()

    def __init__(self, folder):
        self.stats = type("Stats", (), {"cache_path": str(folder)})


@pytest.mark.parametrize("age", [None, -3600.0, 3600.0])
def test_it_is_to_be_compiled_unless_the_cache_is_younger_than_the_source(monkeypatch, tmp_path, age):
    monkeypatch.setattr(chains, "assemble", Kernel(tmp_path))
    if age is not None:
        index = tmp_path / "chains.assemble-1.py311.nbi"
        index.touch()
        stamp = Path(chains.__file__).stat().st_mtime + age
        os.utime(index, (stamp, stamp))
    assert solving.is_to_compile() == (age is None or age < 0.0)


def test_once_compiled_in_this_process_nothing_is_to_be_done():
    gisheat.solve(draw(TREE).network(), **WATER)
    assert not solving.is_to_compile()


def test_compilation_is_announced_in_the_log(monkeypatch, caplog):
    monkeypatch.setattr("gisheat.hydraulics.is_to_compile", lambda: True)
    gisheat.solve(draw(TREE).network(), **WATER)
    assert [SENTENCE in message for message in caplog.messages] == [True]


def test_compilation_is_announced_to_whom_progress_is_told(monkeypatch, caplog):
    monkeypatch.setattr("gisheat.hydraulics.is_to_compile", lambda: True)
    told = []
    gisheat.solve(draw(TREE).network(), **WATER, progress=lambda share, text: told.append((share, text)))
    assert told[0][0] == 0.0
    assert SENTENCE in told[0][1]
    assert caplog.messages == []
