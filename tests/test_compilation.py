"""What is said when the engine is compiled, and when it is not."""

from __future__ import annotations

import logging

import numba
import pytest
from drawings import call, write
from networks import TREE, WATER, draw

import gisheat
from gisheat.numerics.compilation import told_of_compilation

SENTENCE = "compiling the solver"


@pytest.fixture
def told():
    return []


def test_it_is_told_once_however_much_is_compiled(told):
    first, second = numba.njit(lambda x: x + 1), numba.njit(lambda x: x * 2)
    with told_of_compilation(lambda: told.append("now")):
        first(1)
        second(1)
    assert told == ["now"]


def test_nothing_is_told_of_what_has_been_compiled_before(told):
    function = numba.njit(lambda x: x + 1)
    function(1)
    with told_of_compilation(lambda: told.append("now")):
        assert function(2) == 3
    assert told == []


@pytest.fixture
def compiling(monkeypatch):
    """Every solve compiles something."""
    act = gisheat.hydraulics.solve_design

    def compile_and_solve(*arguments):
        numba.njit(lambda x: x + 1)(1)
        return act(*arguments)

    monkeypatch.setattr(gisheat.hydraulics, "solve_design", compile_and_solve)


@pytest.mark.usefixtures("compiling")
def test_compilation_is_announced_in_the_log(monkeypatch):
    messages = []  # what becomes of them is for whoever has set logging up, dask.distributed for one
    monkeypatch.setattr(logging.getLogger("gisheat"), "warning", messages.append)
    gisheat.solve(draw(TREE).network(), **WATER)
    assert [SENTENCE in message for message in messages] == [True]


@pytest.mark.usefixtures("compiling")
def test_compilation_is_announced_to_whom_progress_is_told(told, caplog):
    gisheat.solve(draw(TREE).network(), **WATER, progress=lambda share, text: told.append((share, text)))
    assert told[0][0] == 0.0
    assert SENTENCE in told[0][1]
    assert caplog.messages == []


@pytest.mark.usefixtures("compiling")
def test_compilation_is_told_nobody_in_a_pipe(tmp_path):
    """Nothing but the result is to be read where a program reads along: logging's last resort is stderr."""
    done = call("size", write(tmp_path / "town.gpkg"), "--json", "-o", tmp_path / "out.gpkg")
    assert (done.code, done.err) == (0, "")
