"""Run the marked blocks of a page and put what they print under them.

A block of commands or Python is run when a comment stands above it, and what it prints goes into the text
block that another comment announces::

    <!-- run -->            or  <!-- run, exit 1 -->
    ```bash                 or  ```python
    ...
    ```

    <!-- output -->         or  <!-- output: pump head, critical path -->   (lines with one of these words)
    ```text
    ...
    ```

All blocks of a page run in one folder that looks like a fresh clone: `sample_gis` and an empty `out`. `git
clone` and `cd gisheat` do nothing there, and `make demo` stands for the gisheat command in its recipe.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"^<!-- run(?:, exit (?P<exit>\d+))? -->\n```(?P<language>bash|python)\n(?P<code>.*?)^```$"
    r"|^<!-- output(?:: (?P<only>[^\n]+?))? -->\n```text\n(?P<shown>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
SHELL_ALONE = re.compile(r"[$`*?~;<|&()]")
"""What, outside of quotes, only a shell understands: it is given the whole block; else each line is for itself."""
COMMAND_SECONDS = 300


def make_clone(folder: Path) -> Path:
    """Make a folder with what the pages expect of a fresh clone."""
    skipped = shutil.ignore_patterns("*.gpkg-*", "__pycache__")
    shutil.copytree(ROOT / "sample_gis", folder / "sample_gis", ignore=skipped)
    (folder / "out").mkdir()
    return folder


def run_page(text: str, folder: Path, page: str, printed_by_demo: dict[Path, str]) -> str:
    """Run the blocks of a page in a folder and return the page with what they printed.

    `printed_by_demo` remembers, by folder, what `make demo` printed: two pages begin with it, and it takes long.

    Raises
    ------
    RuntimeError
        If a block ends with another exit code than its comment says, or raises.
    """
    names: dict[str, Any] = {"__name__": page}
    printed = ""
    pieces, done = [], 0
    for block in BLOCK.finditer(text):
        pieces.append(text[done : block.start()])
        done = block.end()
        if block["language"] is None:
            pieces.append(_with_output(block, printed))
            continue
        where = f"{page}, line {text.count(chr(10), 0, block.start()) + 1}"
        if block["language"] == "bash":
            script = _stand_in(block["code"])
            if script == demo_command() and folder in printed_by_demo:
                printed = printed_by_demo[folder]
            else:
                printed = _run_commands(script, folder, int(block["exit"] or 0), where)
            if script == demo_command():
                printed_by_demo[folder] = printed
        else:
            printed = _run_python(block["code"], folder, names, where)
        pieces.append(block[0])
    return "".join([*pieces, text[done:]])


def _with_output(block: re.Match[str], printed: str) -> str:
    head = block[0][: block.start("shown") - block.start()]
    return f"{head}{_chosen(printed, block['only'])}```"


def _chosen(printed: str, only: str | None) -> str:
    """Lines with one of the words (separated by commas), all when there are none; dots where lines are left out."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    if only:
        words = [word.strip() for word in only.split(",")]
        wanted = [any(word in line for word in words) for line in lines]
        kept: list[str] = []
        for line, keep in zip(lines, wanted, strict=True):
            if keep:
                kept.append(line)
            elif not kept or kept[-1] != "...":
                kept.append("...")
        lines = kept
    return "".join(f"{line}\n" for line in lines)


def _run_commands(script: str, folder: Path, expected: int, where: str) -> str:
    script = script.replace("\\\n", " ").strip()
    whole = SHELL_ALONE.search(QUOTED.sub("", script))
    printed, status = "", 0
    for line in [script] if whole else script.splitlines():
        is_ours = not whole and line.startswith("gisheat ")
        status, said = _in_process(shlex.split(line), folder) if is_ours else _in_shell(line, folder)
        printed += said
        if status:
            break
    if status != expected:
        raise RuntimeError(f"{where}: exit code {status}, not {expected}:\n{script}\n{printed}")
    return printed.replace(f"{folder}{os.sep}", "")


def _in_process(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a gisheat command without starting a program for it: the same entry point, ten times as quick."""
    from gisheat.cli import main

    printed, status = io.StringIO(), 0
    command, into = (command[:-2], folder / command[-1]) if command[-2] == ">" else (command, None)
    out = io.StringIO() if into else printed
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(printed):
        try:
            main(command[1:], prog_name="gisheat")
        except SystemExit as end:
            status = int(end.code or 0)
    if into:
        into.write_text(out.getvalue(), encoding="utf-8")
    return status, printed.getvalue()


def _in_shell(script: str, folder: Path) -> tuple[int, str]:
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def _stand_in(code: str) -> str:
    """Commands as they are run in the folder: the clone is there, `make demo` is its gisheat command."""
    lines = []
    for line in code.splitlines():
        if line.startswith("git clone ") or line == "cd gisheat":
            continue
        lines.append(demo_command() if line == "make demo" else line)
    return "\n".join(lines)


def demo_command() -> str:
    """Return the gisheat command of `make demo`."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    commands = re.findall(r"^\t@?\.venv/bin/(gisheat .*)$", recipe[1] if recipe else "", re.MULTILINE)
    if len(commands) != 1:
        raise RuntimeError("Makefile: the recipe of demo should hold one line that begins with .venv/bin/gisheat")
    return str(commands[0])


def _run_python(code: str, folder: Path, names: dict[str, Any], where: str) -> str:
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, where, "exec"), names)  # noqa: S102 (our own pages)
        except Exception as error:
            raise RuntimeError(f"{where}: {type(error).__name__}: {error}\n{code}") from error
    return printed.getvalue().replace(f"{folder}{os.sep}", "")
