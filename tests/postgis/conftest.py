"""A server with PostGIS for each worker, and a database of its own for each test."""

import pytest
from gisheat.places import place
from servers import PASSWORD, Server


@pytest.fixture(scope="session")
def server():
    running = Server()
    yield running
    running.stop()


class Town:
    """A database with PostGIS: addresses of its schemas, and a connection that may do everything."""

    def __init__(self, server):
        self.server = server
        self.name = server.new_database()
        self.admin = server.admin(self.name)

    def address(self, schema="heat", user="postgres", **options):
        more = "".join(f"&{key}={value}" for key, value in options.items())
        return f"postgresql://{user}@127.0.0.1:{self.server.port}/{self.name}?schema={schema}{more}"

    def place(self, schema="heat", **options):
        return place(self.address(schema, **options))

    def load(self, schema, tables):
        """Tables of GeoDataFrames as a schema, by gisheat's own writing."""
        from gisheat import database

        database.write_template(self.place(schema), tables)

    def query(self, text, *values):
        return self.admin.execute(text, values or None).fetchall()


@pytest.fixture
def town(server):
    made = Town(server)
    yield made
    made.admin.close()
    server.drop(made.name)


@pytest.fixture
def password():
    return PASSWORD
