"""What goes wrong with a database is one sentence, leaves the schema as it was, and shows no password."""

import io
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile

import geopandas as gpd
import numpy as np
import psycopg
import pytest
from drawings import call, command, sentence
from schemas import end_sessions
from servers import PASSWORD
from shapely.geometry import LineString, Point

from gisheat import database
from gisheat.database import sessions
from gisheat.errors import InputError
from gisheat.places import place


def town_layers(count=3):
    x = 425000.0 + 100.0 * np.arange(count + 1)
    ways = [LineString([(x[i], 5091000), (x[i + 1], 5091000)]) for i in range(count)]
    pipes = gpd.GeoDataFrame(
        {"pipe_id": [f"P{i}" for i in range(count)], "status": "existing", "dn_mm": 200.0}, geometry=ways, crs=4552
    )
    stations = gpd.GeoDataFrame({"station_id": ["S"], "load_kw": [500.0]}, geometry=[Point(x[-1], 5091000)], crs=4552)
    sources = gpd.GeoDataFrame(
        {"source_id": ["H"], "supply_temp_c": [110.0], "return_temp_c": [60.0]},
        geometry=[Point(x[0], 5091000)],
        crs=4552,
    )
    return {"pipes": pipes, "stations": stations, "sources": sources}


@pytest.fixture
def net(town):
    town.load("net", town_layers())
    return town


def state(town):
    """Every relation of every schema with its rows, and the styles."""
    query = """SELECT table_schema, table_name FROM information_schema.tables
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        AND table_name NOT IN ('spatial_ref_sys', 'geometry_columns', 'geography_columns') ORDER BY 1, 2"""
    return {(s, t): town.query(f'SELECT r::text FROM "{s}"."{t}" r ORDER BY 1') for s, t in town.query(query)}


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize(("wrong", "words"), [
    ("postgresql://me@no-such-host.invalid/heat", "there is no host of this name"),
    ("postgresql://me@127.0.0.1:{closed}/heat", "nothing answers at this host and port"),
    ("postgresql://postgres@127.0.0.1:{port}/nowhere", "there is no such database"),
    ("postgresql://nobody@127.0.0.1:{port}/{name}", "does not know this user"),
    ("postgresql://planner:wrong-one@127.0.0.1:{port}/{name}", "refuses the user or the password"),
    ("postgresql://planner@127.0.0.1:{port}/{name}", "wants a password: set PGPASSWORD"),
    ("postgresql:///?service=no-such-service", "there is no service of this name"),
    ("postgresql://postgres@127.0.0.1:{port}/{name}?nonsense=1", "can't be read"),
    ("postgresql://postgres@127.0.0.1:{port}/{name}?schema=nothing", "has no schema 'nothing'"),
    ("postgresql://postgres@127.0.0.1:{port}/postgres", "has no PostGIS"),
])  # fmt: skip
def test_what_can_be_wrong_with_an_address(net, monkeypatch, tmp_path, wrong, words):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    address = wrong.format(closed=closed_port(), port=net.server.port, name=net.name)
    if "wants a password" in words:
        sessions._passwords.clear()
    said = sentence("check", address)
    assert words in said
    assert "wrong-one" not in said


def test_a_layer_that_is_not_there(net):
    said = sentence("check", net.address("net"), "--pipes", f"{net.address('net')}|pipse")
    assert "has no layer 'pipse'; did you mean 'pipes'" in said


def test_no_right_to_read_and_none_to_write(net):
    theirs = net.address("net", user=f"planner:{PASSWORD}")
    assert "no right to read the schema" in sentence("check", theirs)
    net.admin.execute("GRANT USAGE ON SCHEMA net TO planner")
    assert "no right to do this (permission denied for table" in sentence("check", theirs)
    target = net.address("result", user=f"planner:{PASSWORD}")
    assert "there is no such schema, and the user may not make one" in sentence("run", net.address("net"), "-o", target)
    net.admin.execute("CREATE SCHEMA result")
    assert "no right to make tables" in sentence("run", net.address("net"), "-o", target)
    before = state(net)
    net.admin.execute("ALTER SCHEMA result OWNER TO planner; GRANT SELECT ON ALL TABLES IN SCHEMA net TO planner")
    ran = call("run", theirs, "-o", target)
    assert ran.code in (0, 1), ran.err
    assert "the styles could not be stored in public.layer_styles" in ran.out  # a note, no failure
    assert PASSWORD not in ran.out + ran.err
    assert {k: v for k, v in state(net).items() if k[0] != "result"} == before


def test_a_schema_with_tables_of_others_is_refused_and_with_overwrite_they_stay(net):
    net.admin.execute("CREATE SCHEMA result; CREATE TABLE result.mine (a int); INSERT INTO result.mine VALUES (1);"
                      "CREATE TABLE result.pipes (a int)")  # fmt: skip
    before = state(net)
    said = sentence("run", net.address("net"), "-o", net.address("result"))
    assert "holds tables that gisheat did not write (mine, pipes)" in said
    assert state(net) == before
    assert call("run", net.address("net"), "-o", net.address("result"), "--overwrite").code in (0, 1)
    assert net.query("SELECT a FROM result.mine") == [(1,)]
    assert "pipe_id" in database.column_names(net.place("result"), "pipes")
    net.admin.execute("DROP TABLE result.mine; CREATE VIEW net.shown AS SELECT pipe_id FROM result.pipes")
    assert "depends on a table to be replaced (view net.shown" in sentence(
        "run", net.address("net"), "-o", net.address("result")
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_result_never_goes_where_an_input_is(net, host):
    target = net.address("net").replace("127.0.0.1", host)
    before = state(net)
    assert "is an input; inputs are never changed" in sentence("run", net.address("net"), "-o", target, "--overwrite")
    assert state(net) == before


def test_a_locked_table(net, monkeypatch):
    monkeypatch.setitem(sessions.SETTINGS, "lock_timeout", "200")
    assert call("run", net.address("net"), "-o", net.address("result")).code in (0, 1)
    with psycopg.connect(net.admin.info.dsn, user="postgres") as other:
        other.execute("LOCK TABLE net.pipes IN ACCESS EXCLUSIVE MODE")
        assert "another session holds a table locked" in sentence("check", net.address("net"))
        other.rollback()
        other.execute("LOCK TABLE result.pipes IN ACCESS SHARE MODE")
        before = net.query("SELECT count(*) FROM result.pipes")
        assert "another session holds a table locked" in sentence(
            "run", net.address("net"), "-o", net.address("result")
        )
        other.rollback()
    assert net.query("SELECT count(*) FROM result.pipes") == before


def test_two_runs_into_one_schema_at_once(net):
    net.admin.execute("BEGIN; SELECT pg_advisory_xact_lock(hashtext('gisheat'), hashtext('result'))")
    assert "another run is writing this schema" in sentence("run", net.address("net"), "-o", net.address("result"))
    net.admin.execute("ROLLBACK")
    assert net.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'result'") == [(0,)]


def test_a_read_only_database(net):
    net.admin.execute(f"ALTER DATABASE {net.name} SET default_transaction_read_only = on")
    assert "read-only" in sentence("run", net.address("net"), "-o", net.address("result"))
    assert call("check", net.address("net")).code in (0, 1)


def test_a_full_disk_and_an_old_server_and_a_missing_package(net, monkeypatch):
    before = state(net)

    def full(*arguments):
        raise psycopg.errors.DiskFull("could not extend file")

    with monkeypatch.context() as patched:
        patched.setattr("gisheat.database.writing.copy_rows", full)
        assert "inside" not in sentence("run", net.address("net"), "-o", net.address("result"))
        assert state(net) == before
    with monkeypatch.context() as patched:
        patched.setattr(sessions, "OLDEST_SERVER", 990000)
        assert "the server is PostgreSQL 15; 99 or newer is needed" in sentence("check", net.address("net"))
    for name in ("psycopg", "sqlalchemy", "geoalchemy2", "pyarrow"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, name, None)
            assert "pip install 'gisheat[postgis]'" in sentence("check", net.address("net"))


def test_a_server_whose_disk_is_full_says_so():
    from gisheat.database.faults import what_is_wrong

    where = place("postgresql://me@host/heat?schema=a")
    error = psycopg.errors.DiskFull('could not extend file "base/1/2": No space left on device')
    assert (
        what_is_wrong(where, error, [], writes=True)
        == f"output {where} can't be written: the disk of the server is full."
    )


# a connection that is lost -------------------------------------------------------------------------------


def test_a_backend_killed_at_any_moment_leaves_the_schema_as_it_was(town):
    """The first result stays, row by row, whenever the second one's connection is cut; only a whole one replaces it."""
    tables = {**town_layers(3000)}
    place_ = town.place("result")
    database.write_result(
        place_, {"pipes": tables["pipes"].assign(note="first"), "stations": tables["stations"]}, title="a"
    )
    before = state(town)
    second = {name: table.assign(note="second") for name, table in tables.items()}
    took = time.perf_counter()
    database.write_result(town.place("other"), second, title="b")
    took = time.perf_counter() - took
    town.admin.execute("DROP SCHEMA other CASCADE; DELETE FROM public.layer_styles WHERE f_table_schema = 'other'")
    lost = []
    for moment in np.linspace(0.0, 1.1 * took, 30):
        killer = threading.Timer(moment, end_sessions, [town])
        killer.start()
        try:
            database.write_result(place_, second, title="b")
        except InputError as error:
            lost.append(str(error))
            killer.join()
            assert state(town) == before
        else:
            killer.join()  # else it would cut the next one
            assert {n for (n,) in town.query("SELECT DISTINCT note FROM result.pipes")} == {"second"}
            assert town.query("SELECT count(*) FROM result.pipes") == [(3000,)]
            database.write_result(
                place_, {"pipes": tables["pipes"].assign(note="first"), "stations": tables["stations"]}, title="a"
            )
            before = state(town)
    assert len(lost) > 5
    assert all("the connection was lost" in said for said in lost)


def test_a_backend_killed_while_reading_is_one_sentence(net, monkeypatch):
    from gisheat.database import reading

    usual = reading.columns_of

    def columns(session, table):
        end_sessions(net)
        return usual(session, table)

    monkeypatch.setattr(reading, "columns_of", columns)
    with pytest.raises(InputError, match="the connection was lost; try again when the server is back"):
        database.read_table(net.place("net"), "pipes", "line")


# passwords -----------------------------------------------------------------------------------------------

WAYS = ("address", "PGPASSWORD", "passfile", "service")


@pytest.fixture
def way_in(net, tmp_path):
    """Addresses of schemas, and the environment, by the way in which the password is told."""
    net.admin.execute("GRANT USAGE ON SCHEMA net TO planner; GRANT SELECT ON ALL TABLES IN SCHEMA net TO planner;"
                      f"GRANT CREATE ON DATABASE {net.name} TO planner; "
                      "GRANT ALL ON SCHEMA public TO planner")  # fmt: skip

    def made(way):
        plain = {"PGPASSFILE": str(tmp_path / "none")}
        if way == "address":
            return (lambda schema: net.address(schema, user=f"planner:{PASSWORD}")), plain
        if way == "PGPASSWORD":
            return (lambda schema: net.address(schema, user="planner")), plain | {"PGPASSWORD": PASSWORD}
        if way == "passfile":
            file = tmp_path / "pgpass"
            file.write_text(f"*:*:*:planner:{PASSWORD}\n")
            file.chmod(0o600)
            return (lambda schema: net.address(schema, user="planner")), plain | {"PGPASSFILE": str(file)}
        file = tmp_path / "services"
        file.write_text(
            f"[heat]\nhost=127.0.0.1\nport={net.server.port}\ndbname={net.name}\nuser=planner\npassword={PASSWORD}\n"
        )
        return (lambda schema: f"postgresql:///?service=heat&schema={schema}"), plain | {"PGSERVICEFILE": str(file)}

    return made


@pytest.mark.parametrize("way", WAYS)
def test_no_password_is_in_anything_that_is_written_or_said(net, way_in, tmp_path, monkeypatch, way):
    address, environment = way_in(way)
    for name in [n for n in os.environ if n.startswith("PG")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sessions._passwords.clear()
    out = tmp_path / "out"
    out.mkdir()
    source, result = address("net"), address("result")
    runs = [("run", source, "-o", result, "--picture", out / "map.svg", "--report", out / "page.html", "--debug"),
            ("check", address("gone"), "--debug"), ("run", source, "-o", source, "--debug", "--json")]  # fmt: skip
    if way == "address":
        runs += [("check", source.replace("127.0.0.1:", "127.0.0.1:0"), "--debug"),
                 ("check", f"{source}&nonsense=1", "--debug"),
                 ("solve", source, "--pipes", f"{source}|pipes", "-o", out / "file.gpkg", "--debug")]  # fmt: skip
    if way in ("address", "service"):
        proposal, merged = address("proposal"), address("merged")
        runs += [("merge", source, result, "--dry-run", "-o", proposal, "--debug"),
                 ("merge", source, proposal, "-o", merged, "--debug"), ("undo", merged, "--in-place", "--debug"),
                 ("merge", source, result, "--in-place", "--debug"),  # no right to
                 ("write-back", source, result, "-o", address("copy"), "--debug"),
                 ("write-back", merged, result, "--in-place", "--form", "view", "--debug")]  # fmt: skip
    if way == "PGPASSWORD":
        runs += [("new", source, "-o", out / "new.toml"), ("compare", source, result, "-o", out / "changes.gpkg"),
                 ("cost", source, "--against", result, "-o", out / "cost.xlsx")]  # fmt: skip
    for arguments in runs:
        ran = call(*arguments)
        assert PASSWORD not in ran.out + ran.err
        assert "inside gisheat" not in ran.err
    assert net.query("SELECT count(*) FROM result.run")[0][0] > 5
    if way in ("address", "service"):
        assert net.query("SELECT count(sup_flow_t_h) FROM copy.pipes")[0][0] == 3
        assert net.query("SELECT count(*) FROM merged.pipes_with_results")[0][0] >= 3
    for file in out.rglob("*"):
        assert PASSWORD.encode() not in file.read_bytes(), file
    for (schema, table), rows in state(net).items():
        assert not any(PASSWORD in row for (row,) in rows), (schema, table)
    (packed,) = net.query("SELECT content FROM result.qgis_projects")[0]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert all(PASSWORD.encode() not in archive.read(name) for name in archive.namelist())


def test_a_process_with_a_password_in_its_address_tells_a_program_none(net, way_in):
    address, _ = way_in("address")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    kept_open, _held = os.pipe()  # where standard input ends, gisheat ends
    line = command("run", address("net"), "-o", address("result"), "--json-lines", "--debug")
    ran = subprocess.run(line, env=environment, capture_output=True, text=True, check=False, stdin=kept_open)
    assert '"type": "result"' in ran.stdout, ran
    assert PASSWORD not in ran.stdout + ran.stderr


def test_an_address_that_holds_a_password_is_not_repeated_when_it_cant_be_read(net):
    for wrong in (
        f"postgresql://planner:{PASSWORD}@127.0.0.1:port/x",
        f"postgresql://planner:pa@{PASSWORD}/x@127.0.0.1/y",
    ):
        said = sentence("check", wrong)
        assert PASSWORD not in said
