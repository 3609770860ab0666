"""Running gisheat in a process of its own: JSON lines come back, closing its standard input ends it. Without QGIS."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from .texts import tr, way_out

if TYPE_CHECKING:
    Process = subprocess.Popen[str]

ASKED = 0.6
"""Seconds that gisheat has to end by itself when it is cancelled; then it is killed."""
POLL = 0.05
LAST_LINES = 40

# What QGIS sets for its own Python, GDAL, PROJ and Qt, and what would lead another Python astray.
FOREIGN = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV",
    "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA", "LD_LIBRARY_PATH", "LD_PRELOAD",
    "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH",
)  # fmt: skip


def is_address(text: object) -> bool:
    """Whether a place is a schema of a database, and no file."""
    return str(text).lower().startswith(("postgresql://", "postgres://"))


def without_password(text: str) -> str:
    """A text in which addresses of databases have lost their passwords."""
    text = re.sub(r"(postgres(?:ql)?://[^:@/\s]*):[^\s]*@", r"\1@", text, flags=re.IGNORECASE)
    return re.sub(r"([?&][a-z]*password=)[^&|\s]*", r"\1***", text, flags=re.IGNORECASE)


class Failed(Exception):
    """gisheat ended without a result; the message is its sentence, or what is known."""


class Cancelled(Exception):
    """The user asked to stop; nothing was written."""


class Listener(NamedTuple):
    """Whom to tell what comes in: progress (share, text), and words with their kind (info, warning, error, log)."""

    progress: Callable[[float, str], None]
    words: Callable[[str, str], None]
    cancelled: Callable[[], bool]


def run(
    python: str, arguments: list[str], listener: Listener, version: str = "", folder: Path | None = None,
    outputs: tuple[Path, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Run a verb of gisheat and return its result.

    Parameters
    ----------
    python : str
        Interpreter that has gisheat.
    arguments : list of str
        Verb and options.
    listener : Listener
        Is told what happens, and says whether to stop.
    version : str
        Version of gisheat that the plugin belongs to; another one is refused. Any when empty.
    folder : Path, optional
        Where it runs.
    outputs : tuple of Path
        Files and folders that it writes; what a gisheat that had to be killed has left beside and in them is removed.

    Raises
    ------
    Failed
        If gisheat is of another version, found no result, or could not be run.
    Cancelled
        If the listener said so.
    """
    try:
        process = start([python, "-I", "-m", "gisheat", *arguments, "--json-lines"], folder)
    except OSError as error:
        reason = error.strerror or error
        raise Failed(
            tr("the Python at {} can't be run ({}): choose another one in {}.", python, reason, way_out())
        ) from error
    try:
        return _heard(process, listener, version)
    finally:
        end(process)
        for place in {place for output in outputs for place in (output.parent, output)}:
            for left in place.glob(f".*.gisheat-{process.pid}-*"):
                shutil.rmtree(left, ignore_errors=True)


def _heard(process: Process, listener: Listener, version: str) -> dict[str, Any]:
    errors: list[str] = []
    result: dict[str, Any] | None = None
    sentence, share = "", 0.0

    def cancelled() -> bool:
        return share < 1.0 and listener.cancelled()  # then it is written: too late

    for stream, line in lines(process, listener._replace(cancelled=cancelled)):
        message = _message(line) if stream == "out" else None
        if message is None:
            errors.append(line)
            del errors[:-LAST_LINES]
            listener.words("log", line)
            continue
        kind = message.pop("type")
        if kind == "start":
            _check_version(message.get("version"), version)
        elif kind == "progress":
            share = message["share"]
            listener.progress(share, message["text"])
        elif kind == "result":
            result = message
        else:
            listener.words(kind, message["text"])
            sentence = message["text"] if kind == "error" else sentence
    code = process.wait()
    if result is None:
        raise Failed(sentence or _unsaid(code, errors))
    return result


def _message(line: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and "type" in message else None


def _check_version(found: object, wanted: str) -> None:
    if wanted and found != wanted:
        raise Failed(
            tr("the environment holds gisheat {}, this plugin {}: upgrade it in {}.", found, wanted, way_out())
        )


def _unsaid(code: int, errors: list[str]) -> str:
    """What is told when gisheat did not say what was wrong."""
    words = "\n".join(errors)
    if "No module named gisheat" in words or "No module named 'gisheat'" in words:
        return tr("this Python has no gisheat: make the environment again in {}.", way_out())
    if "--json-lines" in words:
        return tr("the gisheat of this Python is older than the plugin: upgrade it in {}.", way_out())
    if "No module named" in words or "ImportError" in words:
        return tr("the environment lacks a package ({}): make it again in {}.", errors[-1], way_out())
    return tr("gisheat ended with code {}.", code) + "\n" + words


# processes -----------------------------------------------------------------------------------------------


def clean_environment() -> dict[str, str]:
    """Environment variables without those of QGIS."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def start(command: list[str], folder: Path | None = None) -> Process:
    """Start a program out of sight, its three streams being pipes."""
    apart: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        apart = {"creationflags": flags}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=clean_environment(), encoding="utf-8", errors="replace",
        cwd=folder, **apart,
    )  # fmt: skip


def ran(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a program out of sight to its end, and have what it says."""
    hidden: dict[str, Any] = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)} if os.name == "nt" else {}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, check=False,
        timeout=seconds, env=clean_environment(), **hidden,
    )  # fmt: skip


def follow(command: list[str], listener: Listener, low: float = 0.0, high: float = 0.0) -> None:
    """Run a program such as pip to its end, its lines being told; progress moves on from low to high.

    Raises
    ------
    Failed
        If it ends with an error.
    Cancelled
        If the listener said so.
    """
    process, last, share = start(command), [], low
    try:
        for stream, line in lines(process, listener):
            listener.words("log", line)
            if stream == "err":
                last.append(line.strip())
            elif line.startswith(("Collecting", "Processing", "Installing")):
                share += (high - share) * 0.05
                listener.progress(share, "")
        code = process.wait()
    finally:
        kill(process)
        end(process)
    if code:
        reasons = [line for line in last if line.startswith("ERROR")] or last[-3:] or [tr("it says nothing")]
        raise Failed(tr("{} failed: {}", " ".join(command[2:5]), " ".join(reasons)))


def lines(process: Process, listener: Listener) -> Any:
    """Lines of both streams as they come, with the name of the stream (out, err).

    Raises
    ------
    Cancelled
        If the listener said so.
    """
    waiting: queue.Queue[tuple[str, str | None]] = queue.Queue()

    def pump(stream: Any, name: str) -> None:
        with contextlib.suppress(ValueError):  # closed
            for line in stream:
                waiting.put((name, line.rstrip("\n")))
        waiting.put((name, None))

    streams = ((process.stdout, "out"), (process.stderr, "err"))
    for stream, name in streams:
        threading.Thread(target=pump, args=(stream, name), daemon=True).start()
    still_open = len(streams)
    while still_open:
        if listener.cancelled():
            raise Cancelled(tr("cancelled; nothing was written."))
        try:
            name, line = waiting.get(timeout=POLL)
        except queue.Empty:
            continue
        if line is None:
            still_open -= 1
        else:
            yield name, line


def end(process: Process) -> None:
    """Ask a process to end, kill it when it does not, and leave no open stream behind."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    latest = time.monotonic() + ASKED
    while process.poll() is None and time.monotonic() < latest:
        time.sleep(0.02)
    kill(process)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def kill(process: Process) -> None:
    """End a process at once, with those it started."""
    if process.poll() is None:
        try:
            if os.name == "nt":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            process.kill()
    process.wait()
