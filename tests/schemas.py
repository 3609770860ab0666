"""Schemas of a utility's own, and all that is in a database, as the catalogue has it."""

from __future__ import annotations

import psycopg

UTILITY = """CREATE SCHEMA own; CREATE TYPE own.state AS ENUM ('good', 'fair');
CREATE TABLE own.crews (crew text PRIMARY KEY, photo bytea); INSERT INTO own.crews VALUES ('a', '\\x00ff'), ('b', NULL);
CREATE TABLE own.pipes (
    gid integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pipe_id varchar(12) UNIQUE NOT NULL, dn_mm double precision,
    price numeric(10,2), share numeric, laid date, seen timestamptz, ok boolean, facts jsonb, tags text[], kind char(4),
    state own.state, small real, odd float8, photo bytea, "Weite ""x"" %s" text, crew text REFERENCES own.crews,
    made timestamptz NOT NULL DEFAULT '2020-02-02', edits integer NOT NULL DEFAULT 0,
    twice double precision GENERATED ALWAYS AS (dn_mm * 2) STORED, label geometry(Point, 4552),
    way geometry(LineString, 4552) NOT NULL, CHECK (dn_mm < 5000));
CREATE INDEX pipes_way ON own.pipes USING gist (way); CREATE INDEX pipes_dn ON own.pipes (dn_mm) WHERE ok;
COMMENT ON TABLE own.pipes IS 'ours'; COMMENT ON COLUMN own.pipes.dn_mm IS 'Nennweite';
CREATE FUNCTION own.count() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.edits = OLD.edits + 1; RETURN NEW; END';
CREATE TRIGGER counted BEFORE UPDATE ON own.pipes FOR EACH ROW EXECUTE FUNCTION own.count();
CREATE TRIGGER never BEFORE DELETE ON own.pipes FOR EACH ROW EXECUTE FUNCTION own.count();
ALTER TABLE own.pipes DISABLE TRIGGER never;
CREATE VIEW own.wide AS SELECT pipe_id, dn_mm FROM own.pipes WHERE dn_mm > 90;
INSERT INTO own.pipes (pipe_id, dn_mm, price, share, laid, seen, ok, facts, tags, kind, state, small, odd, photo,
    "Weite ""x"" %s", crew, label, way) VALUES
('A', 200, 12.50, 0.10, '1999-12-31', '2020-01-01 08:00+08', true, '{"k": [1, 2.50]}', '{a,"b c",NULL}',
    'ab', 'good', 0.1, 'NaN', '\\x0102', E'line\\nnew \\'q\\' \\\\', 'a', 'SRID=4552;POINT(425050 5091003)',
    'SRID=4552;LINESTRING(425000 5091000, 425050 5091003, 425100 5091000)'),
('B', 150, NULL, 3, NULL, NULL, false, NULL, NULL, NULL, 'fair', NULL, 0.1, NULL, '', NULL, NULL,
    'SRID=4552;LINESTRING(425100 5091000, 425200 5091000)'),
('C', 200, 7, 2.0, '2001-05-06', 'infinity', NULL, 'null', '{}', '', NULL, 16777216, 1e22, '\\x', NULL, 'b', NULL,
    'SRID=4552;LINESTRING(425200 5091000, 425300 5091000)'),
('D', 100, 0.01, NULL, NULL, NULL, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    'SRID=4552;LINESTRING(425200 5091000, 425200 5091090)');
CREATE TABLE own.stations (id serial PRIMARY KEY, station_id text, load_kw numeric, geom geometry(Point, 4552));
INSERT INTO own.stations (station_id, load_kw, geom) VALUES ('S', 500, 'SRID=4552;POINT(425300 5091000)'),
    ('T', 300.0, 'SRID=4552;POINT(425200 5091090)');
CREATE TABLE own.sources (id bigint PRIMARY KEY, source_id text, supply_temp_c float8, return_temp_c float8,
    static_head_m float8, geom geometry(Point, 4552));
INSERT INTO own.sources VALUES (5, 'H', 110, 60, 30, 'SRID=4552;POINT(425000 5091000)');
"""
"""A schema with types, keys, triggers, constraints and names as utilities have them."""


def rows(town, schema="own", without=()):
    """Every row of every table of a schema, as text."""
    tables = town.query("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", schema)
    return {
        name: [row for (row,) in town.query(f'SELECT r::text FROM "{schema}"."{name}" r ORDER BY 1')]
        for (name,) in tables if name not in without
    }  # fmt: skip


def definitions(town, without=()):
    """Columns, keys, checks, indices, triggers, comments, views, functions and rights of all schemas."""
    queries = (
        """SELECT c.oid::regclass::text, a.attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,
            attgenerated::text, pg_get_expr(adbin, adrelid), col_description(c.oid, attnum) FROM pg_class c
            JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
            WHERE relkind IN ('r', 'v', 'p') AND attnum > 0 AND NOT attisdropped""",
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '' FROM pg_constraint
            WHERE conrelid <> 0""",
        "SELECT tablename, indexname, indexdef, '' FROM pg_indexes",
        """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger
            WHERE NOT tgisinternal""",
        """SELECT oid::regclass::text, '', obj_description(oid, 'pg_class'), relacl::text FROM pg_class
            WHERE relkind IN ('r', 'v', 'S')""",
        "SELECT viewname, '', definition, '' FROM pg_views",
    )
    return {
        row for number, query in enumerate(queries)
        for row in {(number, *row) for row in town.query(query)}
        if not any(word in str(row) for word in ("pg_", "information_schema", *without))
    }  # fmt: skip


def end_sessions(town):
    """End what gisheat does in the database, as an administrator may; how many sessions."""
    with psycopg.connect(town.admin.info.dsn, autocommit=True) as other:
        query = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'gisheat' AND datname = current_database()"""
        return len(other.execute(query).fetchall())
