"""A program that runs gisheat has closed its standard input: gisheat ends, whatever it is doing, and leaves nothing."""

import importlib
import os
import pkgutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from processes import of_session

import gisheat

# Holds Python's lock for some seconds, as libraries do that read, write and draw; then writes what is not wanted.
BUSY = """
import ctypes, os, pathlib, sys
from gisheat import json_lines
json_lines.end_with_caller()
folder = pathlib.Path(sys.argv[1].partition("=")[2]).with_name(f".a.gpkg.gisheat-{os.getpid()}-1")
folder.mkdir()
(folder / "new.gpkg").write_text("half")
print("busy", flush=True)
ctypes.PyDLL(None).sleep(5)
folder.with_name("late").write_text("late")
"""


def begun(code, *arguments):
    """A process in a session of its own that runs some code and has said its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    process.stdout.readline()
    return process


@pytest.mark.skipif(os.name == "nt", reason="needs the C library")
def test_a_library_that_holds_pythons_lock_keeps_nothing_alive(tmp_path):
    process = begun(BUSY, f"--output={tmp_path / 'a.gpkg'}")
    begin = time.monotonic()
    process.stdin.close()
    process.wait()
    assert time.monotonic() - begin < 2.0
    process.stdout.close()
    while of_session(process.pid) and time.monotonic() - begin < 3.0:  # the guard clears away
        time.sleep(0.02)
    assert of_session(process.pid) == []
    assert list(tmp_path.iterdir()) == []


def test_the_guard_ends_with_gisheat_and_kills_nobody():
    process = begun("from gisheat import json_lines; json_lines.end_with_caller(); print('done', flush=True)")
    assert process.wait() == 0
    begin = time.monotonic()
    while of_session(process.pid) and time.monotonic() - begin < 5.0:
        time.sleep(0.02)
    assert of_session(process.pid) == []
    process.stdin.close()
    process.stdout.close()


def test_without_a_guard_gisheat_listens_itself():
    code = """
    import subprocess, time
    from gisheat import json_lines
    def none(*_, **__):
        raise OSError
    json_lines.subprocess.Popen = none
    json_lines.end_with_caller(lambda: print("cleared", flush=True))
    print("begun", flush=True)
    time.sleep(5)
    """
    process = begun(code)
    process.stdin.close()
    assert process.wait() == 130
    assert process.stdout.read() == b"cleared\n"
    process.stdout.close()


def test_no_compiled_loop_holds_pythons_lock():
    """Progress is told and a thread hears that it is to end while a loop runs."""
    from numba.core.registry import CPUDispatcher

    names = [
        name
        for _, name, _ in pkgutil.walk_packages(gisheat.__path__, "gisheat.")
        if Path(name).suffix != ".__main__" and ("@njit" in source_of(name) or ".kernels" in name)
    ]
    assert len(names) > 8
    found = [
        value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, CPUDispatcher) and not value.targetoptions.get("forceinline")
    ]
    assert len(found) > 40
    assert [f.py_func.__qualname__ for f in found if not f.targetoptions.get("nogil")] == []


def source_of(module):
    return Path(importlib.util.find_spec(module).origin).read_text("utf-8")
