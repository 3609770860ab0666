"""Addresses of databases: read as libpq reads them, shown without a password."""

from pathlib import Path

import pytest

from gisheat.errors import InputError
from gisheat.places import Database, file_of, is_database, place, place_name, split_source


@pytest.mark.parametrize(
    ("text", "shown", "schema"),
    [
        ("postgresql://host/heat", "postgresql://host/heat?schema=public", "public"),
        ("postgresql://host:5433/heat?schema=net", "postgresql://host:5433/heat?schema=net", "net"),
        ("postgres://me@host/heat?schema=n%26t", "postgresql://me@host/heat?schema=n%26t", "n&t"),
        ("postgresql:///?service=heat&schema=net", "postgresql:///?schema=net&service=heat", "net"),
        ("postgresql://me:secret@host/heat?schema=net", "postgresql://me@host/heat?schema=net", "net"),
        ("postgresql://host/heat?user=me&password=secret&schema=a", "postgresql://host/heat?schema=a&user=me", "a"),
        ("postgresql://:secret@host/heat?sslpassword=secret", "postgresql://host/heat?schema=public", "public"),
        ("postgresql://me:se%40cret@[::1]:5432/h?schema=s", "postgresql://me@[::1]:5432/h?schema=s", "s"),
        (
            "postgresql:///heat?host=/run/pg&schema=热网",
            "postgresql:///heat?schema=%E7%83%AD%E7%BD%91&host=%2Frun%2Fpg",
            "热网",
        ),
    ],
)
def test_an_address_is_shown_without_its_password(text, shown, schema):
    found = place(text)
    assert isinstance(found, Database)
    assert (str(found), found.schema, found.stem) == (shown, schema, schema)
    assert "secret" not in repr(found) + str(found) + found.name + place_name(f"{text}|pipes")
    assert "schema" not in found.connection  # libpq does not know it
    assert ("cret" in found.connection) == ("cret" in text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:pass/secret@host/heat",
        "postgresql://me:pass#secret@host/heat",
        "postgresql://me:pass?secret@host/heat",
        "postgresql://me:secret@x@host:port/heat",
        "postgresql://host:secret/heat",
        "postgresql://me:pa|secret@host/heat",
        "postgresql://host/heat?secret",
        "postgresql://[secret/heat",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(text):
    with pytest.raises(InputError) as told:
        split_source(text)
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


def test_files_stay_files():
    assert place("heat.gpkg") == Path("heat.gpkg")
    assert not is_database("C:/heat.gpkg")
    assert not is_database(Path("postgresql.gpkg"))
    assert split_source("a.gpkg|pipes") == (Path("a.gpkg"), "pipes")
    where, layer = split_source("postgresql://host/heat?schema=net|pipes")
    assert (str(where), layer) == ("postgresql://host/heat?schema=net", "pipes")
    with pytest.raises(InputError, match="is a database; name a file"):
        file_of(where, "output")
    with pytest.raises(InputError, match="no path"):
        place(Path("postgresql://host/heat"))
