"""A server with PostGIS for each worker, and a database of its own for each test."""

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
