"""A PostgreSQL server with PostGIS of the tests' own, in a temporary folder; gone when they end or are killed."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from gisheat import database
from gisheat.places import place

TEMPLATE = "gis_template"
PASSWORD = "geheim-7Qx-marker"
"""Of the role `planner`, which must ask for it over TCP; what it is looked for in must not hold it."""
GUARD = '"$@" & server=$!; read -r _; kill -INT $server; wait $server; cd /; rm -rf "$FOLDER"'
"""Standard input is a pipe of the tests: when it closes, however they end, the server stops and its folder goes."""
SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB",
    "max_connections": "40",
    "autovacuum": "off", "listen_addresses": "127.0.0.1", "log_min_messages": "fatal", "jit": "off",
}  # fmt: skip


def programs():
    """Folder of initdb and postgres of the newest PostgreSQL that has PostGIS."""
    found = [f for f in Path("/usr/lib/postgresql").glob("*/bin") if (f / "initdb").exists()]
    usual = shutil.which("initdb")
    found = sorted(found, key=lambda f: int(f.parent.name)) or ([Path(usual).resolve().parent] if usual else [])
    assert found, "the tests of the database need PostgreSQL with PostGIS: sh tools/postgis.sh"
    return found[-1]


class Server:
    """A running server; databases are made from a template that has PostGIS."""

    def __init__(self):
        root = os.geteuid() == 0
        self.user = "postgres" if root else getpass.getuser()
        who = {}
        if root:
            account = pwd.getpwnam("postgres")
            who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.folder = Path(tempfile.mkdtemp(prefix="gisheat-pg-", dir="/tmp"))  # short: the socket's path has 107 bytes
        if root:
            shutil.chown(self.folder, account.pw_uid, account.pw_gid)
        data, bin_ = self.folder / "data", programs()
        made = subprocess.run(
            [bin_ / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"],
            cwd=self.folder, capture_output=True, text=True, check=False, **who,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        (data / "pg_hba.conf").write_text(
            "local all all trust\nhost all planner 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [bin_ / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder, *options]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", GUARD, "sh", *command], cwd=self.folder, env=os.environ | {"FOLDER": str(self.folder)},
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **who,
            )  # fmt: skip
        self._wait()
        self.counter = 0
        with self.admin() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
            connection.execute(sql.SQL("CREATE ROLE planner LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
        with self.admin(TEMPLATE) as connection:
            connection.execute("CREATE EXTENSION postgis")
            connection.execute("GRANT SELECT ON spatial_ref_sys TO public")

    def _wait(self):
        for _ in range(300):
            try:
                self.admin().close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def admin(self, database="postgres"):
        """A connection that may do everything, each statement for itself."""
        return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True)

    def new_database(self, template=TEMPLATE):
        """Name of a new database."""
        self.counter += 1
        name = f"town_{self.counter}"
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database):
        with self.admin() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Town:
    """A database with PostGIS: addresses of its schemas, and a connection that may do everything."""

    def __init__(self, server, template=TEMPLATE):
        self.server = server
        self.name = server.new_database(template)
        self.admin = server.admin(self.name)

    def address(self, schema="heat", user="postgres", **options):
        more = "".join(f"&{key}={value}" for key, value in options.items())
        return f"postgresql://{user}@127.0.0.1:{self.server.port}/{self.name}?schema={schema}{more}"

    def place(self, schema="heat", **options):
        return place(self.address(schema, **options))

    def load(self, schema, tables):
        """Tables of GeoDataFrames as a schema, by gisheat's own writing."""
        database.write_template(self.place(schema), tables)

    def query(self, text, *values):
        return self.admin.execute(text, values or None).fetchall()
