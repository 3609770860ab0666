"""What a program needs that runs gisheat and shows how it goes, as QGIS does: JSON lines, and an end when it ends.

Each line on standard output is one object with a `type`:

- `start`: `version` of gisheat and of this protocol, first of all;
- `progress`: `share` (0 to 1) and `text`;
- `info`, `warning`, `error`: `text`;
- `result`: what `--json` prints, the findings counted in place of listed.

The caller keeps standard input open. When it closes, because the caller wants to cancel or has died, gisheat clears
away what it had begun to write and ends at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

PROTOCOL = 1
CALLER_GONE = 130
"""Exit code when standard input was closed; that of Ctrl-C."""


def tell(kind: str, **what: Any) -> None:
    """Print one line, in ASCII so that no code page can break it."""
    sys.stdout.write(json.dumps({"type": kind, **what}) + "\n")
    sys.stdout.flush()


def tell_progress(share: float, text: str) -> None:
    """Progress callback of operations."""
    tell("progress", share=round(share, 4), text=text)


def end_with_caller(clear: Callable[[], None]) -> None:
    """Have the process end when standard input is closed, whatever it is doing."""

    def watch() -> None:
        try:
            # not sys.stdin: a blocked reader of that aborts the interpreter when it ends
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        clear()
        os._exit(CALLER_GONE)

    threading.Thread(target=watch, name="end with caller", daemon=True).start()
