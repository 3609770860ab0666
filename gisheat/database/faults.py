"""What can go wrong with a database, in one sentence each: what, where, what to do."""

from __future__ import annotations

from typing import Any

from gisheat.places import Database

_AT_CONNECTING = (
    ("failed to resolve host", "there is no host of this name: look at the address, or at the network"),
    ("could not translate host name", "there is no host of this name: look at the address, or at the network"),
    ("connection refused", "nothing answers at this host and port: is the server running, is the port right?"),
    ("no such file or directory", "no server runs on this machine: name the host in the address, or start it"),
    ("timeout expired", "the server does not answer: look at host, port, network and firewall"),
    ("timed out", "the server does not answer: look at host, port, network and firewall"),
    ("no route to host", "the server can't be reached: look at the network"),
    ("network is unreachable", "the server can't be reached: look at the network"),
    ("password authentication failed", "the server refuses the user or the password"),
    (
        "no password supplied",
        "the server wants a password: set PGPASSWORD, or write it into ~/.pgpass or a service file",
    ),
    ("role ", "the server does not know this user"),
    ("no pg_hba.conf entry", "the server lets this user not in from this machine: its administrator allows it"),
    ("peer authentication failed", "the server wants the user of this machine's login: name the user in the address"),
    ("definition of service", "there is no service of this name in the service file (PGSERVICEFILE)"),
    ("too many clients", "the server has too many connections: try again later"),
    ("connection slots", "the server has too many connections: try again later"),
    ("permission denied for database", "the user may not connect to this database"),
    ("starting up", "the server is starting: try again in a moment"),
    ("shutting down", "the server is shutting down"),
    ("certificate", "the server's certificate can't be checked: look at sslmode and sslrootcert"),
    ("ssl", "the server and the address do not agree on SSL: look at sslmode"),
)
"""Words of libpq and of the server, which have no codes while connecting."""
_BY_CODE = {
    "42501": "the user has no right to do this ({first})",
    "55P03": "another session holds a table locked: try again when it has finished",
    "40P01": "another session wants the same tables: try again",
    "40001": "another session changed the same rows: try again",
    "53100": "the disk of the server is full",
    "53200": "the server has not enough memory",
    "53300": "the server has too many connections: try again later",
    "54011": "a table has more columns than a database takes (1600)",
    "25006": "the server or the database is read-only: name another one",
    "57014": "the server broke the query off ({first})",
    "2BP01": "something else in the database depends on a table to be replaced ({detail}): remove that first, or name"
    " another schema",
    "3F000": "there is no such schema",
    "42P01": "there is no such table ({first})",
    "42P07": "another run is writing this schema ({first}): try again when it has finished",
    "23505": "another run is writing this schema: try again when it has finished",
    "3D000": "there is no such database",
    "28P01": "the server refuses the user or the password",
    "28000": "the server lets this user not in",
}
_LOST = ("57P01", "57P02", "57P03", "57P05", "08000", "08001", "08003", "08004", "08006")
_LOST_WORDS = ("connection is lost", "closed the connection", "connection is closed", "terminating connection",
               "could not receive data", "could not send data", "consuming input failed", "connection is bad",
               "ssl connection has been closed")  # fmt: skip


def why_not_connected(where: Database, error: BaseException, secrets: list[str]) -> str:
    """A sentence on why there is no connection, in which no secret is."""
    text = " ".join(str(error).split())
    lower = text.lower()
    if 'database "' in lower and "does not exist" in lower:
        words = "there is no such database on the server"
    else:
        words = next((said for mark, said in _AT_CONNECTING if mark in lower), text.rstrip("."))
    return _without(f"{where} can't be reached: {words}{'' if words.endswith('?') else '.'}", secrets)


def beginning(where: Database, *, writes: bool, in_place: bool = False) -> str:
    """How the sentence begins: what is written is an output, or a base that is changed where it is."""
    if in_place:
        return f"{where} can't be changed"
    return f"output {where} can't be written" if writes else f"{where} can't be read"


def what_is_wrong(
    where: Database, error: BaseException, secrets: list[str], *, writes: bool, in_place: bool = False
) -> str:  # fmt: skip
    """A sentence on an error of psycopg or SQLAlchemy, in which no secret is.

    Parameters
    ----------
    secrets : list of str
        Passwords that are taken out should the driver or the server repeat one.
    writes : bool
        Whether something was being written, of which nothing is left.
    in_place : bool
        Whether that was a base.
    """
    code, text = getattr(error, "sqlstate", None), " ".join(str(error).split())
    place = beginning(where, writes=writes, in_place=in_place)
    if code in _LOST or (code is None and any(words in text.lower() for words in _LOST_WORDS)):
        left = "; it is as it was" if in_place else "; nothing of the result is there" if writes else ""
        return f"{place}: the connection was lost{left}; try again when the server is back."
    diagnosis: Any = getattr(error, "diag", None)
    first = (getattr(diagnosis, "message_primary", None) or text).rstrip(".")
    detail = " ".join((getattr(diagnosis, "message_detail", None) or first).split()).rstrip(".")
    words = _BY_CODE.get(code or "", "{first}").format(first=first, detail=detail)
    return _without(f"{place}: {words}.", secrets)


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
