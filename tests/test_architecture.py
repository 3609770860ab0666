"""The shape of the project: one-way imports, small files, no traces of a machine, reasons."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gisheat"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

MAX_LINES = 500
NAMELESS = {"utils", "util", "helpers", "helper", "core", "manager", "managers", "common", "misc"}
# Paths into a home folder or a workplace, and the hosts packages come from: each machine's own affair.
TRACES = re.compile(
    rb"(?<![\w.~:/)}\]*-])/(?:home|root|Users|work|mnt)/\w"
    rb"|\b[A-Z]:\\+Users\\"
    rb"|\b(?:pypi|pythonhosted|npmjs|anaconda|debian|ubuntu)\.(?:org|com|net)\b|\bpkg\.dev\b"
)


def project_files() -> list[Path]:
    """Files that are tracked, or would be by `git add .`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def requirements() -> dict[str, str]:
    """Lower bound of every direct dependency, those of the extras too."""
    extras = PROJECT["optional-dependencies"].values()
    bound = re.compile(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)(?:,<[\d.]+)?")
    return dict(bound.fullmatch(r).groups() for r in chain(PROJECT["dependencies"], *extras))


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the linter puts the folder on it
    assert lint_imports() == 0


def test_modules_are_named_for_what_they_hold() -> None:
    nameless = [path for path in PACKAGE.rglob("*") if path.stem.strip("_") in NAMELESS]
    assert nameless == []


def test_no_module_is_over_500_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): n for path, n in lines.items() if n > MAX_LINES} == {}
    assert len(lines) > 1


def test_no_file_carries_traces_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode(errors='replace')}"
        for path in project_files()
        for match in TRACES.finditer(path.read_bytes())
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["/{}/ann", "C:\\{}\\ann"])
def test_traces_are_recognised(folder: str) -> None:
    assert TRACES.search(f"open('{folder.format('Users')}/network.gpkg')".encode())


@pytest.mark.parametrize("fair", ["https://example.org/home/x", "../work/x", "$HOME/work/x", "/usr/bin/env"])
def test_ordinary_paths_are_no_traces(fair: str) -> None:
    assert not TRACES.search(fair.encode())


def test_every_dependency_has_a_lower_bound_and_a_reason() -> None:
    """docs/dependencies.md: | name | lower bound | what for | why this bound | considered instead |."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [re.split(r" *\| *", line.strip("| ")) for line in page.splitlines() if line.startswith("|")]
    explained = {name: reasons for name, *reasons in rows if name in requirements()}
    assert {name: bound for name, (bound, *_) in explained.items()} == requirements()
    assert all(len(cells) == 4 and all(cells) for cells in explained.values())
