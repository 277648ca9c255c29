"""Alembic runs this for every command; `web.migrations` hands it a connection inside a transaction."""

from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript

from web.migrations import guards, import_tables

_connection: sa.Connection = context.config.attributes["connection"]
_metadata = import_tables()


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Types of our own as what they are in the database, so that a version does not depend on later code."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def _add_guards(_context: Any, _revision: Any, directives: Iterable[MigrationScript]) -> None:
    for script in directives:
        guards.add_to(script, _connection, _metadata)


context.configure(
    connection=_connection,
    target_metadata=_metadata,
    render_as_batch=_connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=_render,
    process_revision_directives=_add_guards,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
