"""What others built upon a table: taken away while a column changes its type, and put back as it was.

Neither database changes a column that a view, an index or a trigger refers to. PostgreSQL refuses for the
views that really use it (postgresql.org/docs/current/ddl-depend.html); SQLite reads the whole schema anew
when a column is dropped, and refuses for any view or trigger in the file that it cannot resolve
(sqlite.org/lang_altertable.html), so there all of them are put aside.

Everything happens in the caller's transaction: where something cannot be put back, nothing has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from bitsheet_tui.errors import StoreRefused
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.text import plain

NEWLINE = "\n"  # behind it the server repeats the statement
Selects = Mapping[str, str]  # name of one of our views -> what it has to say from now on


@contextmanager
def aside(database: Database, table: str, columns: Collection[str], anew: Selects) -> Iterator[None]:
    """Within a transaction: nothing depends on these columns of `table` while it lasts.

    `anew`: views of ours, which are put back with another definition. Raises StoreRefused, which names what
    cannot be taken away or put back.
    """
    if database.dialect.name == "postgresql":
        found: Sequence[_InFile | Built] = _views_upon(database, table, columns)
    else:
        found = _in_file(database, table, columns)
    for one in reversed(found):
        with _naming(database, one, table):
            one.drop(database)
    yield
    for one in found:
        with _naming(database, one, table):
            one.put_back(database, anew)


def remake(database: Database, view: str, select: str) -> None:
    """Within a transaction, on PostgreSQL: another definition for a view that others may have built upon."""
    found = _built_upon(database, view)
    for one in reversed(found):
        with _naming(database, one, view):
            one.drop(database)
    for one in found:
        with _naming(database, one, view):
            one.put_back(database, {view: select})


@contextmanager
def _naming(database: Database, one: _InFile | Built, upon: str) -> Iterator[None]:
    try:
        yield
    except database.driver.errors as error:
        told = database.driver.translate(error)
        if not isinstance(told, StoreRefused):
            raise
        raise type(told)(
            f"The {one.kind} {plain(one.name)} depends on columns of {upon} that have to change,"
            f" and does not allow it: {plain(str(error).partition(NEWLINE)[0])}.",
            hint="Drop it, and make it again afterwards; the mirror goes on by itself then.",
        ) from error


def run(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """A statement without parameters, whatever signs are in it."""
    cursor = database.peewee.connection().cursor()
    cursor.execute(sql)
    return list(cursor.fetchall()) if cursor.description else []


# --- SQLite ----------------------------------------------------------------------------------------------


class _InFile(Struct, frozen=True):
    """A view, a trigger or an index, with the statement that made it."""

    kind: str
    name: str
    sql: str

    def drop(self, database: Database) -> None:
        """Take it away."""
        run(database, f"DROP {self.kind.upper()} IF EXISTS {quote(self.name)}")

    def put_back(self, database: Database, anew: Selects) -> None:
        """Make it as it was."""
        select = anew.get(self.name) if self.kind == "view" else None
        run(database, f"CREATE VIEW {quote(self.name)} AS {select}" if select else self.sql)


def _in_file(database: Database, table: str, columns: Collection[str]) -> list[_InFile]:
    """Indexes that may refer to the columns, all views and all triggers, in the order they were made."""
    found = database.rows(
        "SELECT type, name, sql, tbl_name FROM sqlite_master"
        " WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL"
        " ORDER BY type = 'trigger', rowid"  # a trigger may belong to a view
    )
    return [
        _InFile(kind, name, sql)
        for kind, name, sql, owner in found
        if kind != "index" or (owner.lower() == table and _mentions(sql, columns))
    ]


def _mentions(sql: str, columns: Collection[str]) -> bool:
    text = sql.lower()
    return any(column.lower() in text for column in columns)


# --- PostgreSQL ------------------------------------------------------------------------------------------

UPON = """
WITH RECURSIVE upon (oid, depth) AS (
    SELECT r.ev_class, 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = to_regclass(%s) AND r.ev_class <> d.refobjid
        AND (%s OR d.refobjsubid IN (
            SELECT attnum FROM pg_attribute WHERE attrelid = d.refobjid AND attname = ANY(%s)))
    UNION
    SELECT r.ev_class, u.depth + 1 FROM upon u
    JOIN pg_depend d ON d.refobjid = u.oid AND d.refclassid = 'pg_class'::regclass
        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> u.oid
)
SELECT oid::bigint FROM upon GROUP BY oid ORDER BY max(depth), oid
"""
FACTS = """
SELECT n.nspname, c.relname, c.relkind::text, c.relispopulated, pg_get_viewdef(c.oid), c.reloptions,
    pg_get_userbyid(c.relowner), c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user),
    n.oid = current_schema()::regnamespace
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s
"""
GRANTS = """
SELECT '', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    a.privilege_type, a.is_grantable
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = %s AND a.grantee <> c.relowner
UNION ALL
SELECT t.attname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    a.privilege_type, a.is_grantable
FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = %s AND t.attnum > 0 AND NOT t.attisdropped
"""
COMMENTS = """
SELECT coalesce(t.attname, ''), quote_literal(d.description) FROM pg_description d
LEFT JOIN pg_attribute t ON t.attrelid = d.objoid AND t.attnum = d.objsubid AND d.objsubid > 0
WHERE d.classoid = 'pg_class'::regclass AND d.objoid = %s
"""
BESIDE = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s AND NOT tgisinternal
UNION ALL SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = %s AND rulename <> '_RETURN'
"""
KINDS = {"v": "view", "m": "materialized view"}


class Built(Struct, frozen=True, kw_only=True):
    """A view of PostgreSQL with all that hangs on it."""

    kind: str
    name: str
    sql_name: str
    ours: bool  # in the mirror's schema
    query: str
    options: Sequence[str]
    owner: str  # empty: the session's own role
    filled: bool
    grants: Sequence[tuple[str, str, str, bool]]  # column or '', role in SQL, privilege, may be passed on
    comments: Sequence[tuple[str, str]]  # column or '', text in SQL
    beside: Sequence[str]  # statements that make its indexes, triggers and rules

    def drop(self, database: Database) -> None:
        """Take it away; what is not of this kind and depends on it keeps it there."""
        run(database, f"DROP {self.kind.upper()} {self.sql_name}")

    def put_back(self, database: Database, anew: Selects) -> None:
        """Make it as it was, with the same rights, owner, options and comments."""
        query = anew.get(self.name, self.query) if self.ours else self.query
        options = f" WITH ({', '.join(self.options)})" if self.options else ""
        stored = self.kind != "view"
        data = " WITH NO DATA" if stored else ""
        run(database, f"CREATE {self.kind.upper()} {self.sql_name}{options} AS {query.rstrip(';')}{data}")
        self.dress(database)
        if (
            stored and self.filled
        ):  # only now: what its query calls runs with its owner's rights, not with ours
            run(database, f"REFRESH MATERIALIZED VIEW {self.sql_name}")

    def dress(self, database: Database) -> None:
        """Give what was just made everything but its definition."""
        columns = _columns(database, self.sql_name) | {""}
        for (role,) in run(database, _surplus(self.sql_name)):
            run(database, f"REVOKE ALL ON {self.sql_name} FROM {role}")
        for statement in (*self._granting(columns), *self._commenting(columns), *self.beside):
            run(database, statement)
        if self.owner:
            run(database, f"ALTER {self.kind.upper()} {self.sql_name} OWNER TO {quote(self.owner)}")

    def _granting(self, columns: Collection[str]) -> Iterator[str]:
        for column, role, privilege, passed_on in self.grants:
            what = f"{privilege} ({quote(column)})" if column else privilege
            more = " WITH GRANT OPTION" if passed_on else ""
            if column in columns:
                yield f"GRANT {what} ON {self.sql_name} TO {role}{more}"

    def _commenting(self, columns: Collection[str]) -> Iterator[str]:
        for column, text in self.comments:
            what = (
                f"COLUMN {self.sql_name}.{quote(column)}"
                if column
                else f"{self.kind.upper()} {self.sql_name}"
            )
            if column in columns:
                yield f"COMMENT ON {what} IS {text}"


def _built_upon(database: Database, view: str) -> list[Built]:
    """A view of ours and what is built upon it, in the order in which they can be made."""
    upon = database.rows(UPON, (quote(view), True, []))
    itself = database.rows("SELECT to_regclass(%s)::oid::bigint", (quote(view),))
    return [_built(database, oid) for (oid,) in (*itself, *upon)]


def _views_upon(database: Database, table: str, columns: Collection[str]) -> list[Built]:
    found = database.rows(UPON, (quote(table), False, list(columns)))
    return [_built(database, oid) for (oid,) in found]


def _built(database: Database, oid: int) -> Built:
    facts = database.rows(FACTS, (oid,))[0]
    schema, name, kind, filled, query, options, owner, foreign, ours = facts
    return Built(
        kind=KINDS.get(kind, "view"),
        name=name,
        sql_name=f"{quote(schema)}.{quote(name)}",
        ours=ours,
        query=query,
        options=tuple(options or ()),
        owner=owner if foreign else "",
        filled=filled,
        grants=tuple(database.rows(GRANTS, (oid, oid))),
        comments=tuple(database.rows(COMMENTS, (oid,))),
        beside=tuple(statement for (statement,) in database.rows(BESIDE, (oid, oid, oid))),
    )


def _columns(database: Database, sql_name: str) -> set[str]:
    found = database.rows(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (sql_name,),
    )
    return {name for (name,) in found}


def _surplus(sql_name: str) -> str:
    """Rights that default privileges gave to what was just made: nobody had asked for them here."""
    literal = sql_name.replace("'", "''")
    return (
        "SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"  # noqa: S608
        f" FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass('{literal}')"
        " AND a.grantee <> c.relowner GROUP BY a.grantee"
    )
