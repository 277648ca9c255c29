"""What guards tables in the database itself, in migrations.

`op.guard_append_only("table")` and `op.unguard_append_only("table")`: written by autogeneration for every table that
`contracts.kit.database.append_only` marks. `op.raise_wall("table")` and `op.take_wall_down("table")`: the same for the
tables that `catalog.releases.wall.walled` marks, which take no row without the officers' approvals.
"""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import MigrationScript

from catalog.releases.wall import wall_statements
from contracts.kit.database import append_only_statements


@Operations.register_operation("guard_append_only")
class GuardAppendOnly(MigrateOperation):
    """The table refuses UPDATE, DELETE and TRUNCATE from here on."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def guard_append_only(cls, operations: Operations, table: str) -> Any:
        """`op.guard_append_only("table")`."""
        return operations.invoke(cls(table))

    def reverse(self) -> "UnguardAppendOnly":
        """What undoes it."""
        return UnguardAppendOnly(self.table)


@Operations.register_operation("unguard_append_only")
class UnguardAppendOnly(MigrateOperation):
    """The table takes UPDATE and DELETE again, as it must before it is altered or dropped."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def unguard_append_only(cls, operations: Operations, table: str) -> Any:
        """`op.unguard_append_only("table")`."""
        return operations.invoke(cls(table))

    def reverse(self) -> GuardAppendOnly:
        """What undoes it."""
        return GuardAppendOnly(self.table)


@Operations.implementation_for(GuardAppendOnly)
def _guard(operations: Operations, operation: GuardAppendOnly) -> None:
    connection = operations.get_bind()
    for statement in append_only_statements(operation.table, connection.dialect.name):
        connection.exec_driver_sql(statement)


@Operations.implementation_for(UnguardAppendOnly)
def _unguard(operations: Operations, operation: UnguardAppendOnly) -> None:
    connection = operations.get_bind()
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {operation.table}_no_{verb}")
    else:
        connection.exec_driver_sql(f"DROP FUNCTION {operation.table}_append_only() CASCADE")


@renderers.dispatch_for(GuardAppendOnly)
def _render_guard(_context: AutogenContext, operation: GuardAppendOnly) -> str:
    return f"op.guard_append_only({operation.table!r})"


@renderers.dispatch_for(UnguardAppendOnly)
def _render_unguard(_context: AutogenContext, operation: UnguardAppendOnly) -> str:
    return f"op.unguard_append_only({operation.table!r})"


@Operations.register_operation("raise_wall")
class RaiseWall(MigrateOperation):
    """The table refuses rows that break its rule from here on."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def raise_wall(cls, operations: Operations, table: str) -> Any:
        """`op.raise_wall("table")`."""
        return operations.invoke(cls(table))

    def reverse(self) -> "TakeWallDown":
        """What undoes it."""
        return TakeWallDown(self.table)


@Operations.register_operation("take_wall_down")
class TakeWallDown(MigrateOperation):
    """The table's rule no longer holds, as it must before it is altered or dropped."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def take_wall_down(cls, operations: Operations, table: str) -> Any:
        """`op.take_wall_down("table")`."""
        return operations.invoke(cls(table))

    def reverse(self) -> RaiseWall:
        """What undoes it."""
        return RaiseWall(self.table)


@Operations.implementation_for(RaiseWall)
def _raise_wall(operations: Operations, operation: RaiseWall) -> None:
    connection = operations.get_bind()
    for statement in wall_statements(operation.table, connection.dialect.name):
        connection.exec_driver_sql(statement)


@Operations.implementation_for(TakeWallDown)
def _take_wall_down(operations: Operations, operation: TakeWallDown) -> None:
    connection = operations.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TRIGGER {operation.table}_wall")
    else:
        connection.exec_driver_sql(f"DROP FUNCTION {operation.table}_wall() CASCADE")


@renderers.dispatch_for(RaiseWall)
def _render_wall(_context: AutogenContext, operation: RaiseWall) -> str:
    return f"op.raise_wall({operation.table!r})"


@renderers.dispatch_for(TakeWallDown)
def _render_no_wall(_context: AutogenContext, operation: TakeWallDown) -> str:
    return f"op.take_wall_down({operation.table!r})"


def missing(connection: sa.Connection, metadata: sa.MetaData) -> list[tuple[str, str]]:
    """`("guard", table)` for every append-only table whose guard is not in the database, `("wall", table)` for every
    walled one without its wall."""
    return [*_missing_guards(connection, metadata), *_missing_walls(connection, metadata)]


def _missing_walls(connection: sa.Connection, metadata: sa.MetaData) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT tbl_name FROM sqlite_master WHERE name = tbl_name || '_wall'")
    else:
        rows = connection.exec_driver_sql(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = relname || '_wall' AND tgenabled <> 'D'"
        )
    walled = {row[0] for row in rows}
    marked = {table.name for table in metadata.tables.values() if table.info.get("walled")}
    return [("wall", name) for name in sorted(marked - walled)]


def _missing_guards(connection: sa.Connection, metadata: sa.MetaData) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT tbl_name FROM sqlite_master WHERE name LIKE '%\\_no\\_update' ESCAPE '\\'"
        )
    else:
        rows = connection.exec_driver_sql(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = relname || '_append_only' AND tgenabled <> 'D'"
        )
    guarded = {row[0] for row in rows}
    marked = {table.name for table in metadata.tables.values() if table.info.get("append_only")}
    return [("guard", name) for name in sorted(marked - guarded)]


def add_to(script: MigrationScript, connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Add to an autogenerated version what the guards need, in both directions."""
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    for kind, table in missing(connection, metadata):
        operation: Any = GuardAppendOnly(table) if kind == "guard" else RaiseWall(table)
        script.upgrade_ops.ops.append(operation)
        script.downgrade_ops.ops.insert(0, operation.reverse())
