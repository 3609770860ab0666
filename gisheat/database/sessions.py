"""Sessions with a PostGIS database; whatever goes wrong in one is an InputError of one sentence, without a password."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gisheat.database.faults import beginning, what_is_wrong, why_not_connected
from gisheat.errors import InputError
from gisheat.places import Database

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy

OLDEST_SERVER = 120000
"""PostgreSQL 12: the oldest whose texts of numbers are exact of themselves, and that PostGIS 3.3 goes with."""
CONNECT_SECONDS = 10
"""How long to wait for a server to answer, where the address or the environment does not say."""
LOCK_MS = 5000
"""How long to wait for a table that another session holds locked."""
SETTINGS = {
    "lock_timeout": str(LOCK_MS), "datestyle": "ISO, YMD", "intervalstyle": "iso_8601", "bytea_output": "hex",
    "timezone": "UTC", "extra_float_digits": "1", "idle_in_transaction_session_timeout": "0",
}  # fmt: skip
_IDENTITY = "SELECT pg_postmaster_start_time()::text, oid::bigint FROM pg_database WHERE datname = current_database()"
"""Tells databases apart, whatever the address says."""
_LOCK = "advisory_xact_lock(hashtext('gisheat'), hashtext(%s))"
"""Function that one run alone gets an answer of, for each schema."""
MISSING = (
    "a database needs SQLAlchemy, GeoAlchemy2, psycopg and pyarrow, which are not all installed:"
    " pip install 'gisheat[postgis]'."
)


@dataclass(frozen=True)
class Session:
    """An open transaction in a database that has PostGIS."""

    where: Database
    connection: sqlalchemy.Connection

    @property
    def rows(self) -> psycopg.Connection[Any]:
        """The same connection as psycopg has it, for COPY and plain queries."""
        driver: Any = self.connection.connection.driver_connection
        return driver


_snapshots: ContextVar[dict[str, Session] | None] = ContextVar("snapshots", default=None)
_passwords: dict[str, str] = {}
"""Passwords that addresses carried, by address without: sources are handed on as texts that show none."""


@contextlib.contextmanager
def one_snapshot() -> Iterator[None]:
    """Whatever is read of a database inside is read as it stood at the first reading."""
    if _snapshots.get() is not None:
        yield
        return
    opened: dict[str, Session] = {}
    token = _snapshots.set(opened)
    try:
        yield
    finally:
        _snapshots.reset(token)
        for session in opened.values():
            with contextlib.suppress(Exception):  # the connection may be gone; nothing was written in it
                session.connection.close()


@contextlib.contextmanager
def reading(where: Database) -> Iterator[Session]:
    """A session that sees one state of the database and can't change it: that of `one_snapshot` where there is one.

    Raises
    ------
    InputError
        If there is no such database, or whatever goes wrong in it inside.
    """
    kept = _snapshots.get()
    with contextlib.ExitStack() as stack, faults(where):
        session = None if kept is None else kept.get(_server(where))
        if session is None:
            session = _begun(where, "REPEATABLE READ", read_only=True)
            if kept is None:
                stack.callback(_close, session)
            else:
                kept[_server(where)] = session
        yield Session(where, session.connection)


@contextlib.contextmanager
def writing(where: Database, isolation: str = "READ COMMITTED", *, in_place: bool = False) -> Iterator[Session]:
    """One transaction: what is done inside is there when the block ends well, else nothing is.

    Parameters
    ----------
    in_place : bool
        Whether it is a base that is changed, as sentences on what goes wrong then say.

    Raises
    ------
    InputError
        If there is no such database, or whatever goes wrong in it inside.
    """
    with faults(where, writes=True, in_place=in_place):
        session = _begun(where, isolation, read_only=False)
        try:
            yield session
            session.connection.commit()
        finally:
            _close(session)


@contextlib.contextmanager
def faults(where: Database, *, writes: bool = False, in_place: bool = False) -> Iterator[None]:
    """Say in one sentence what drivers and servers complain of; the chain of errors ends here, for what it may hold."""
    try:
        import geoalchemy2  # noqa: F401 (tells SQLAlchemy what a geometry is)
        import psycopg
        import pyarrow as pa  # noqa: F401 (parses what COPY sends)
        import sqlalchemy.exc
    except ImportError:
        raise InputError(MISSING) from None
    try:
        yield
    except sqlalchemy.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise InputError(what_is_wrong(where, cause, _secrets(where), writes=writes, in_place=in_place)) from None
    except psycopg.Error as error:
        raise InputError(what_is_wrong(where, error, _secrets(where), writes=writes, in_place=in_place)) from None


def is_same_database(session: Session, other: Database) -> bool:
    """Tell whether an address leads to the database of a session; one that leads nowhere is told when it is read."""
    mine = session.rows.execute(_IDENTITY).fetchone()
    with reading(other) as theirs:
        return bool(mine == theirs.rows.execute(_IDENTITY).fetchone())


def alone(session: Session, *, in_place: bool = False) -> None:
    """Keep a second run from writing the same schema at the same time."""
    row = session.rows.execute(f"SELECT pg_try_{_LOCK}", (session.where.schema,)).fetchone()
    if row is not None and not row[0]:
        said = beginning(session.where, writes=True, in_place=in_place)
        raise InputError(f"{said}: another run is writing this schema; try again when it has finished.")


def wait_for_others(session: Session) -> None:
    """Let runs that write the same schema finish first."""
    session.rows.execute(f"SELECT pg_{_LOCK}", (session.where.schema,))


def _begun(where: Database, isolation: str, *, read_only: bool) -> Session:
    """A session in a new transaction, checked for version and PostGIS."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: _connected(where), poolclass=sqlalchemy.NullPool
    )
    options: dict[str, Any] = {"isolation_level": isolation}
    if read_only:  # what writes leaves it to the database, which may be read-only
        options["postgresql_readonly"] = True
    connection = engine.connect().execution_options(**options)
    session = Session(where, connection)
    try:
        _prepare(session)
    except BaseException:
        _close(session)
        raise
    return session


def _prepare(session: Session) -> None:
    """Refuse servers that are too old or lack PostGIS; names without a schema are those of PostGIS."""
    import sqlalchemy

    version = session.rows.info.server_version
    if version < OLDEST_SERVER:
        raise InputError(
            f"{session.where}: the server is PostgreSQL {version // 10000};"
            f" {OLDEST_SERVER // 10000} or newer is needed."
        )
    find = "SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'postgis'"
    schema = session.connection.execute(sqlalchemy.text(find)).scalar()
    if schema is None:
        raise InputError(
            f"{session.where}: the database has no PostGIS: its administrator adds it with CREATE EXTENSION postgis."
        )
    setting = sqlalchemy.text("SELECT set_config(:name, :value, true)")
    for name, value in {**SETTINGS, "search_path": '"' + schema.replace('"', '""') + '", pg_catalog'}.items():
        session.connection.execute(setting, {"name": name, "value": value})


def _connected(where: Database) -> psycopg.Connection[Any]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        stated = conninfo_to_dict(where.connection)
    except psycopg.Error:  # its text may repeat what stands where a password should not
        raise InputError(
            f"the address {where} can't be read; it may have an option that libpq does not know."
        ) from None
    if stated.get("password"):
        _passwords[_server(where)] = str(stated["password"])
    given: dict[str, Any] = {"application_name": "gisheat", "client_encoding": "utf8"}
    if "connect_timeout" not in stated and "PGCONNECT_TIMEOUT" not in os.environ:
        given["connect_timeout"] = CONNECT_SECONDS
    if "password" not in stated and _server(where) in _passwords:
        given["password"] = _passwords[_server(where)]
    try:
        return psycopg.connect(where.connection, **given)
    except psycopg.Error as error:
        raise InputError(why_not_connected(where, error, _secrets(where))) from None


def _server(where: Database) -> str:
    """What two schemas of one database have in common: the address without schema and password."""
    return str(where).replace(f"schema={_shown_schema(where)}", "", 1)


def _shown_schema(where: Database) -> str:
    from urllib.parse import quote

    return quote(where.schema, safe="")


def _secrets(where: Database) -> list[str]:
    """Passwords that must not be in a text, should a server or driver repeat one."""
    found = [os.environ.get("PGPASSWORD", ""), _passwords.get(_server(where), "")]
    return [text for text in found if text]


def _close(session: Session) -> None:
    with contextlib.suppress(Exception):  # it may be gone; the server takes back what was not committed
        session.connection.close()
