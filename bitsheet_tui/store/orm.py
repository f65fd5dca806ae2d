"""peewee, without the database drivers it would import by itself: each is loaded when a URL asks for it.

Importing psycopg costs 80 ms and 17 MB, which a mirror in SQLite need not pay.
"""

import sys
from types import ModuleType
from typing import Any, cast

from bitsheet_tui.errors import StoreUnavailable

_DRIVERS = ("pysqlite3", "psycopg2cffi", "psycopg2", "psycopg", "pymysql", "MySQLdb")


def _import_alone() -> ModuleType:
    hidden = dict.fromkeys(name for name in _DRIVERS if name not in sys.modules)
    modules = cast(dict[str, ModuleType | None], sys.modules)
    modules.update(hidden)  # a name that stands for nothing cannot be imported
    try:
        import peewee as module  # noqa: PLC0415 - it must happen while the drivers are out of sight
    finally:
        for name in hidden:
            del modules[name]
    return module


peewee: Any = _import_alone()


def psycopg_driver() -> ModuleType:
    """psycopg, which peewee uses from now on.

    Raises StoreUnavailable when it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - only a PostgreSQL mirror needs it
    except ImportError as error:
        raise StoreUnavailable(
            "A PostgreSQL mirror needs the psycopg driver, which is not installed.",
            hint="Install bitsheet-tui with its extra postgres: see `bitsheet-tui help install`.",
        ) from error
    if peewee.psycopg is None:
        status = psycopg.pq.TransactionStatus
        peewee.psycopg = psycopg
        peewee.TransactionStatus = status
        adapter = peewee.Psycopg3Adapter
        adapter.txn_idle, adapter.txn_inerror, adapter.txn_unknown = (
            status.IDLE,
            status.INERROR,
            status.UNKNOWN,
        )
    return psycopg
