"""The wall in the database: no release row without enough officers' approvals of exactly its bytes.

Triggers hold what the services hold, so that neither a slip in code nor a hand at the SQL prompt can publish around
the officers. They lean only on append-only tables (artifact, decision), so history cannot be bent first either.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import SQLModel

_RELEASE_RULE = """
    SELECT 1 FROM releases_artifact a
    WHERE a.id = NEW.artifact_id
      AND a.request_id = NEW.request_id
      AND a.release_id = NEW.id
      AND a.dataset_id = NEW.dataset_id
      AND a.artifact_hash = NEW.manifest_hash
      AND a.content_hash = NEW.content_hash
      AND CAST(a.files AS TEXT) = CAST(NEW.files AS TEXT)
      AND NOT EXISTS (SELECT 1 FROM releases_decision d WHERE d.artifact_id = a.id AND d.outcome <> 'approve')
      AND a.required_approvals <= (
          SELECT count(DISTINCT d.officer_id) FROM releases_decision d
          WHERE d.artifact_id = a.id AND d.outcome = 'approve' AND d.artifact_hash = a.artifact_hash
            AND d.officer_id <> a.submitted_by)
"""
_DECISION_RULE = """
    SELECT 1 FROM releases_artifact a
    WHERE a.id = NEW.artifact_id
      AND a.request_id = NEW.request_id
      AND a.artifact_hash = NEW.artifact_hash
      AND a.submitted_by <> NEW.officer_id
"""
RULES = {
    "releases_release": (_RELEASE_RULE, "a release needs enough approvals of exactly its files"),
    "releases_decision": (_DECISION_RULE, "a decision needs another person than the submitter, and the exact hash"),
}


def wall_statements(table: str, dialect: str) -> list[str]:
    """The SQL that makes `table` refuse rows that break its rule; `table` is a key of `RULES`."""
    rule, message = RULES[table]
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_wall BEFORE INSERT ON {table} WHEN NOT EXISTS ({rule}) "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ]
    return [
        f"CREATE FUNCTION {table}_wall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT EXISTS ({rule}) THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {table}_wall BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_wall()",
    ]


def walled(model: type[SQLModel]) -> type[SQLModel]:
    """Class decorator: the table gets its rule of `RULES` when it is created."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes
    table.info["walled"] = True

    def create(target: sa.Table, connection: sa.Connection, **_: Any) -> None:
        for statement in wall_statements(target.name, connection.dialect.name):
            connection.exec_driver_sql(statement)

    event.listen(table, "after_create", create)
    return model
