"""The PostgreSQL server that a page runs on: that of the tests, under the names that the page gives to its services."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from executed import ROOT

SERVICES = {"admin": "postgres", "gis": "gis", "planner": "planner"}
"""Service of the page -> role."""


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """A server with an empty database that has PostGIS, reached by the services; psql is found."""
    sys.path.append(str(ROOT / "tests"))
    from servers import Server, programs

    server = Server()
    try:
        with server.admin() as connection:
            connection.execute("DROP ROLE planner")  # of the tests; the page makes its own
        database, file = server.new_database(), folder / "pg_service.conf"
        place = f"host={server.folder}\nport={server.port}\ndbname={database}\n"
        file.write_text("".join(f"[{name}]\n{place}user={role}\n" for name, role in SERVICES.items()))
        path = f"{programs()}{os.pathsep}{os.environ.get('PATH', '')}"
        with mock.patch.dict(os.environ, {"PGSERVICEFILE": str(file), "PATH": path}):
            yield
    finally:
        server.stop()
