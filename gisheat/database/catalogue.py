"""What the catalogue of a database says of a schema: its tables and views, their columns and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gisheat.database.sessions import Session

if TYPE_CHECKING:
    from psycopg import sql

OF_OTHERS = ("layer_styles", "qgis_projects")
"""Tables of QGIS."""
WHOLE = ("int2", "int4", "int8")
SHAPES = ("geometry", "geography")
_RELATIONS = """SELECT relname, relkind::text, coalesce(obj_description(c.oid, 'pg_class'), ''), relispartition
    FROM pg_class c WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relkind IN ('r', 'v', 'm', 'f', 'p')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"""
_COLUMNS = """SELECT a.attname, coalesce(b.typname, t.typname), coalesce(b.typcategory, t.typcategory)::text,
    CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END,
    CASE WHEN a.attidentity <> '' THEN 'identity()' ELSE coalesce(pg_get_expr(f.adbin, f.adrelid), '') END,
    a.attidentity <> '', a.attgenerated <> '', a.attnotnull,
    CASE WHEN t.typname = 'geometry' THEN upper(postgis_typmod_type(a.atttypmod)) ELSE '' END,
    CASE WHEN t.typname IN ('geometry', 'geography') THEN postgis_typmod_srid(a.atttypmod) ELSE 0 END
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef f ON (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
    LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
    WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_UNIQUE = """SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)), i.indisprimary
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
    WHERE n.nspname = %s AND c.relname = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
    AND i.indexprs IS NULL AND (i.indisprimary OR i.indnkeyatts = 1) GROUP BY i.indexrelid, i.indisprimary
    HAVING i.indisprimary OR bool_and(a.attnotnull) ORDER BY i.indisprimary DESC, 1"""
_ALONE = """SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE n.nspname = %s AND c.relname = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
    AND i.indexprs IS NULL AND k.place <= i.indnkeyatts GROUP BY i.indexrelid"""
_SEQUENCE = """SELECT d.refobjid::regclass::text FROM pg_attrdef f
    JOIN pg_attribute a ON (a.attrelid, a.attnum) = (f.adrelid, f.adnum)
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' WHERE f.adrelid = %s::regclass AND a.attname = %s"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of a schema."""

    name: str
    kind: str
    """r table, p partitioned table, v view, m materialized view, f foreign table."""
    comment: str
    is_partition: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view."""

    name: str
    type: str
    """Name of the type, that below a domain."""
    category: str
    """A for arrays."""
    modifier: int
    """Width, or precision and scale, as the catalogue codes them; -1 for none."""
    default: str
    """Expression of what it gets where nothing is said, empty without one."""
    is_identity: bool
    is_generated: bool
    is_filled: bool
    """Whether it may not be empty."""
    geometry: str
    """Type of its geometries, GEOMETRY where any may be."""
    srid: int

    @property
    def is_geometry(self) -> bool:
        """Whether it holds geometries, of PostGIS' either kind."""
        return self.type in SHAPES


def relations_of(session: Session, schema: str = "") -> list[Relation]:
    """Tables and views of the schema of a session or another one, without those of QGIS and of extensions."""
    rows = session.rows.execute(_RELATIONS, (schema or session.where.schema,))
    return [Relation(*row) for row in rows if row[0] not in OF_OTHERS]


def relation_names(session: Session) -> set[str]:
    """Names that are taken in the schema: tables, views, indices, sequences."""
    query = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s))"
    return {str(name) for (name,) in session.rows.execute(query, (session.where.schema,))}


def columns_of(session: Session, name: str) -> dict[str, Column]:
    """Columns of a table or view by name, in order; none where it is not there."""
    return {row[0]: Column(*row) for row in session.rows.execute(_COLUMNS, (session.where.schema, name))}


def keys_of(session: Session, name: str) -> tuple[list[str], list[str]]:
    """Columns that tell the rows of a table apart: those of whole numbers that do so alone, and the primary key."""
    columns = columns_of(session, name)
    unique = session.rows.execute(_UNIQUE, (session.where.schema, name)).fetchall()
    single = [names[0] for names, _ in unique if len(names) == 1 and columns[names[0]].type in WHOLE]
    return single, [column for names, is_primary in unique if is_primary for column in names]


def unique_of(session: Session, name: str) -> set[tuple[str, ...]]:
    """Columns of a table whose values together no two rows may share."""
    return {tuple(columns) for (columns,) in session.rows.execute(_ALONE, (session.where.schema, name))}


def sequence_of(session: Session, place: sql.Identifier, column: str) -> str | None:
    """Sequence that numbers a column, in the words of `regclass`; None without one."""
    name = place.as_string(session.rows)
    row = session.rows.execute("SELECT pg_get_serial_sequence(%s, %s)", (name, column)).fetchone()
    if row is not None and row[0]:
        return str(row[0])
    row = session.rows.execute(_SEQUENCE, (name, column)).fetchone()
    return None if row is None else str(row[0])
