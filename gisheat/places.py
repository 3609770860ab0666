"""Where inputs and outputs are: files, or schemas of a PostGIS database. No password is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from gisheat.errors import InputError

SCHEMES = ("postgresql", "postgres")
USUAL_SCHEMA = "public"
_EXAMPLE = "postgresql://USER@HOST/DATABASE?schema=SCHEMA"


@dataclass(frozen=True, slots=True)
class Database:
    """A schema of a PostGIS database; as text an address without its password, `name` and `stem` as files have them."""

    connection: str = field(repr=False)
    """Address as libpq understands it, with a password where one was written into it: never to be shown."""
    schema: str
    shown: str = field(compare=False)

    def __str__(self) -> str:
        """Address without a password."""
        return self.shown

    @property
    def name(self) -> str:
        """What a record calls it: its address."""
        return self.shown

    @property
    def stem(self) -> str:
        """What a result is called after."""
        return self.schema

    @property
    def suffix(self) -> str:
        """None: it is no file."""
        return ""


Place = Path | Database
"""A file, or a schema of a database."""


def is_database(text: object) -> bool:
    """Tell whether a place is named by the address of a database.

    >>> is_database("postgresql://host/heat?schema=net|pipes"), is_database("heat.gpkg|pipes")
    (True, False)
    """
    return isinstance(text, Database) or (str(text).partition("://")[0].lower() in SCHEMES and "://" in str(text))


def place(text: str | Place) -> Place:
    """The place that a text names: postgresql://... is a schema of a database, all else a file.

    >>> str(place("postgresql://planner:secret@host/heat?schema=net&sslmode=require"))
    'postgresql://planner@host/heat?schema=net&sslmode=require'

    Raises
    ------
    InputError
        If the address of a database can't be read; it is not repeated, for there may be a password in it.
    """
    if isinstance(text, Database):
        return text
    if isinstance(text, Path) and text.parts[:1] in {(f"{scheme}:",) for scheme in SCHEMES}:
        raise InputError("the address of a database is no path (it loses a slash): hand it over as text.")
    if isinstance(text, Path) or not is_database(text):
        return Path(text)
    try:
        parts = urlsplit(text)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        raise _unreadable() from None
    user, at, host = parts.netloc.rpartition("@")
    if "@" in parts.path or parts.fragment or "@" in unquote(host) or ("@" in parts.query and not at):
        raise _unreadable()
    schema = query.pop("schema", "") or USUAL_SCHEMA
    known = urlencode(query, quote_via=quote)
    harmless = {key: value for key, value in query.items() if "password" not in key}
    open_words = urlencode({"schema": schema} | harmless, quote_via=quote)
    name = user.partition(":")[0]
    connection = f"postgresql://{parts.netloc}{parts.path}{'?' if known else ''}{known}"
    return Database(connection, schema, f"postgresql://{name}{'@' if name else ''}{host}{parts.path}?{open_words}")


def _unreadable() -> InputError:
    return InputError(
        f"the address of the database can't be read: write it as {_EXAMPLE}, its special characters as %40 for @,"
        " and leave the password to PGPASSWORD, a password file or a service file."
    )


def split_source(source: str) -> tuple[Place, str]:
    """Place and layer name (empty when none is given) of FILE, FILE|layername or FILE|layername=NAME.

    >>> split_source("mulan.gpkg|pipes")[1], split_source("mulan.gpkg|layername=my|pipes")[1]
    ('pipes', 'my|pipes')
    """
    file, _, name = source.partition("|")
    return place(file), name.removeprefix("layername=")


def split_table(where: Database) -> tuple[Database, str]:
    """Schema and table of an address that was read with |table at its end, the table empty without.

    >>> split_table(place("postgresql://me:secret@host/heat?schema=net|pipes"))
    (Database(schema='net', shown='postgresql://me@host/heat?schema=net'), 'pipes')
    """
    schema, _, table = where.schema.partition("|")
    old, new = (f"schema={quote(text, safe='')}" for text in (where.schema, schema))
    return Database(where.connection, schema, where.shown.replace(old, new, 1)), table.removeprefix("layername=")


def place_name(source: str) -> str:
    """Name of a source for a record: a file without its folder, an address without a password; the layer, if any.

    >>> place_name("/data/heat.gpkg|pipes"), place_name("postgresql://me:secret@host/heat|pipes")
    ('heat.gpkg|pipes', 'postgresql://me@host/heat?schema=public|pipes')
    """
    where, bar, layer = source.partition("|")
    return f"{place(where).name}{bar}{layer}"


def file_of(where: Place, what: str = "this") -> Path:
    """A place that has to be a file.

    Raises
    ------
    InputError
        If it is a database.
    """
    if isinstance(where, Database):
        raise InputError(f"{what} {where} is a database; name a file.")
    return where
