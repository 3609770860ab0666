"""Running gisheat in a process of its own: JSON lines come back, closing its standard input ends it. Without QGIS."""

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

ASKED = 0.7
"""Seconds that gisheat has to end by itself when it is cancelled; then it is killed."""
POLL = 0.05
LAST_LINES = 40

# What QGIS sets for its own Python, GDAL, PROJ and Qt, and what would lead another Python astray.
FOREIGN = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV",
    "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA", "LD_LIBRARY_PATH", "LD_PRELOAD",
    "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH",
)  # fmt: skip


class Failed(Exception):
    """gisheat ended without a result; the message is its sentence, or what is known."""


class Cancelled(Exception):
    """The user asked to stop; nothing was written."""


class Listener(NamedTuple):
    """Whom to tell what comes in: progress (share, text), and words with their kind (info, warning, error, log)."""

    progress: Callable[[float, str], None]
    words: Callable[[str, str], None]
    cancelled: Callable[[], bool]


def clean_environment() -> "dict[str, str]":
    """Environment variables without those of QGIS."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def start(command: "list[str]", folder: Optional[Path] = None) -> "subprocess.Popen[str]":
    """Start a program out of sight, its three streams being pipes."""
    apart: "dict[str, Any]" = {"start_new_session": True}
    if os.name == "nt":
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        apart = {"creationflags": flags}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=clean_environment(), encoding="utf-8", errors="replace",
        cwd=folder, **apart,
    )  # fmt: skip


def run(
    python: str, arguments: "list[str]", listener: Listener, version: str = "", folder: Optional[Path] = None,
    beside: "tuple[Path, ...]" = (),
) -> "dict[str, Any]":  # fmt: skip
    """Run a verb of gisheat and return its result.

    Parameters
    ----------
    python : str
        Interpreter that has gisheat.
    arguments : list of str
        Verb and options.
    version : str
        Version of gisheat that the plugin belongs to; another one is refused. Any when empty.
    folder : Path, optional
        Where it runs.
    beside : tuple of Path
        Outputs; what a gisheat that was killed has left beside them is removed.

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
        raise Failed(f"the Python at {python} can't be run ({error.strerror or error}).") from error
    try:
        return _heard(process, listener, version)
    finally:
        _end(process)
        for output in beside:
            for left in output.parent.glob(f".*.gisheat-{process.pid}-*"):
                shutil.rmtree(left, ignore_errors=True)


class Lines:
    """Lines of both streams, as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.queue: "queue.Queue[tuple[str, Optional[str]]]" = queue.Queue()
        self.open = 2
        for stream, name in ((process.stdout, "out"), (process.stderr, "err")):
            threading.Thread(target=self._pump, args=(stream, name), daemon=True).start()

    def _pump(self, stream: Any, name: str) -> None:
        try:
            for line in stream:
                self.queue.put((name, line.rstrip("\n")))
        except ValueError:  # closed
            pass
        self.queue.put((name, None))

    def next(self) -> "Optional[tuple[str, str]]":
        """The next line, None when there is none for a moment."""
        try:
            name, line = self.queue.get(timeout=POLL)
        except queue.Empty:
            return None
        if line is None:
            self.open -= 1
            return None
        return name, line


def _heard(process: "subprocess.Popen[str]", listener: Listener, version: str) -> "dict[str, Any]":
    lines, errors = Lines(process), []
    result: "Optional[dict[str, Any]]" = None
    sentence = ""
    while lines.open:
        if listener.cancelled():
            _stop(process)
            raise Cancelled("cancelled; nothing was written.")
        line = lines.next()
        if line is None:
            continue
        message = _message(line[1]) if line[0] == "out" else None
        if message is None:
            errors.append(line[1])
            del errors[:-LAST_LINES]
            listener.words("log", line[1])
            continue
        kind = message.pop("type")
        if kind == "start":
            _check_version(message.get("version"), version)
        elif kind == "progress":
            listener.progress(message["share"], message["text"])
        elif kind == "result":
            result = message
        else:
            listener.words(kind, message["text"])
            sentence = message["text"] if kind == "error" else sentence
    code = process.wait()
    if result is None:
        raise Failed(sentence or _unsaid(code, errors))
    return result


def _message(line: str) -> "Optional[dict[str, Any]]":
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and "type" in message else None


def _check_version(found: Any, wanted: str) -> None:
    if wanted and found != wanted:
        raise Failed(
            f"the environment holds gisheat {found}, this plugin belongs to gisheat {wanted}: upgrade the environment"
            " (Settings > Options > gisheat, or the tool 'Environment')."
        )


def _unsaid(code: int, errors: "list[str]") -> str:
    """What is told when gisheat did not say what was wrong."""
    words = "\n".join(errors)
    if "No module named gisheat" in words or "No module named 'gisheat'" in words:
        return "this Python has no gisheat: make the environment again (Settings > Options > gisheat, or the tool 'Environment')."
    if "--json-lines" in words:
        return "the gisheat of this Python is older than the plugin: upgrade it (Settings > Options > gisheat, or the tool 'Environment')."
    if "No module named" in words:
        return f"the environment lacks a package ({errors[-1]}): make it again (Settings > Options > gisheat, or the tool 'Environment')."
    return f"gisheat ended with code {code}.\n{words}"


def _stop(process: "subprocess.Popen[str]") -> None:
    """Ask a process to end, and kill it when it does not."""
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:
            pass
    end = time.monotonic() + ASKED
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    kill(process)


def kill(process: "subprocess.Popen[str]") -> None:
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


def _end(process: "subprocess.Popen[str]") -> None:
    """Leave no process and no open stream behind."""
    _stop(process)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
