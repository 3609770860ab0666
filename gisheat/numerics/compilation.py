"""Who wants to know is told when numba compiles: once for each version on a machine, it takes some seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def told_of_compilation(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` once if something is compiled within; not when it comes out of numba's cache, or without numba."""
    listener = _listener_class()
    if listener is None:
        yield
        return
    from numba.core.event import install_listener

    with install_listener("numba:compile", listener(tell)):
        yield


@cache
def _listener_class() -> Any:
    try:
        from numba.core.event import Listener
    except ImportError:
        return None

    class Once(Listener):
        """Calls a function at the first event."""

        def __init__(self, tell: Callable[[], None]) -> None:
            self._tell: Callable[[], None] | None = tell

        def on_start(self, event: Any) -> None:  # noqa: ARG002
            if self._tell is not None:
                tell, self._tell = self._tell, None
                tell()

        def on_end(self, event: Any) -> None:
            """Nothing is told then."""

    return Once
