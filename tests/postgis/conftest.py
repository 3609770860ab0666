"""A server with PostGIS for each worker, and a database of its own for each test."""

import fcntl
import os

import pytest
from servers import PASSWORD, Server, Town


@pytest.fixture(scope="session")
def server():
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def town(server):
    made = Town(server)
    yield made
    made.admin.close()
    server.drop(made.name)


@pytest.fixture
def password():
    return PASSWORD


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A file that the first of the workers makes and all take: name of the file, and the function that makes it."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name, make):
        file = folder / name
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                make(file)
        return file

    return made
