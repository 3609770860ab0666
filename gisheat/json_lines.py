"""What a program needs that runs gisheat and shows how it goes, as QGIS does: JSON lines, and an end when it ends.

Each line on standard output is one object with a `type`:

- `start`: `version` of gisheat and of this protocol, first of all;
- `progress`: `share` (0 to 1) and `text`;
- `info`, `warning`, `error`: `text`;
- `result`: what `--json` prints, the findings counted in place of listed.

The caller keeps standard input open. When it closes, because the caller wants to cancel or has died, gisheat clears
away what it had begun to write and ends at once. A guard, which is this file run as a program of its own, hears it:
libraries that read, write and draw keep Python from hearing anything for seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROTOCOL = 1
CALLER_GONE = 130
"""Exit code when standard input was closed; that of Ctrl-C."""
WATCH = "end with caller"
GRACE = 0.8
"""Seconds that gisheat has to end by itself when its caller is gone; then its guard kills it."""


def tell(kind: str, **what: Any) -> None:
    """Print one line, in ASCII so that no code page can break it."""
    sys.stdout.write(json.dumps({"type": kind, **what}) + "\n")
    sys.stdout.flush()


def tell_progress(share: float, text: str) -> None:
    """Progress callback of operations."""
    tell("progress", share=round(share, 4), text=text)


_clearing: list[Callable[[], None]] = []


def end_with_caller(*clear: Callable[[], None]) -> None:
    """Have the process end when standard input is closed, whatever it is doing; what `clear` names is called before.

    Called again, it only adds to that.
    """
    _clearing.extend(clear)
    if not any(thread.name == WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(_guard(),), name=WATCH, daemon=True).start()


def _watch(guard: subprocess.Popen[bytes] | None) -> None:
    if guard is None or guard.stdout is None or not guard.stdout.read(1):  # no guard, or it is gone
        _wait_for_caller()
    for clear in _clearing:
        clear()
    os._exit(CALLER_GONE)


def _wait_for_caller() -> None:
    """Wait until standard input is closed."""
    with contextlib.suppress(OSError):
        # not sys.stdin: a blocked reader of that aborts the interpreter when it ends
        while os.read(0, 4096):
            pass


# the guard -----------------------------------------------------------------------------------------------


def _guard() -> subprocess.Popen[bytes] | None:
    """Start the guard, which reads our standard input; None where no program can be started."""
    command = [sys.executable, "-I", "-S", __file__, str(os.getpid()), *sys.argv[1:]]
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        guard = subprocess.Popen(command, stdout=subprocess.PIPE, creationflags=hidden)  # noqa: S603
    except OSError:
        return None
    atexit.register(guard.kill)
    return guard


def _stand_guard(process: int, arguments: list[str]) -> None:
    """Wait until standard input is closed, say so, and end the process if it does not end by itself.

    What is left of it then beside and in the files and folders that its arguments name is removed.
    """
    end = _ender(process)
    _wait_for_caller()
    with contextlib.suppress(OSError):
        os.write(1, b"!")
    end()
    for path in (Path(argument.partition("=")[2] or argument).resolve() for argument in arguments):
        for folder in (path, path.parent):
            for left in folder.glob(f".*.gisheat-{process}-*"):
                shutil.rmtree(left, ignore_errors=True)


def _ender(process: int) -> Callable[[], object]:
    """What gives the process that began this one some time, then kills it, and no later one of its number."""
    if sys.platform == "win32":
        import ctypes

        system = ctypes.windll.kernel32
        handle = system.OpenProcess(0x100001, False, process)
        return lambda: system.WaitForSingleObject(handle, int(1000 * GRACE)) and system.TerminateProcess(handle, 1)

    def end() -> None:
        latest = time.monotonic() + GRACE
        while os.getppid() == process and time.monotonic() < latest:
            time.sleep(0.02)
        if os.getppid() == process:
            os.kill(process, signal.SIGKILL)

    return end


if __name__ == "__main__":
    _stand_guard(int(sys.argv[1]), sys.argv[2:])
