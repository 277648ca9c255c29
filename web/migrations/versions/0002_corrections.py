"""What data officers correct in findings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "releases_correction",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("column", sa.String(length=400), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("undoes", sa.String(length=36), nullable=True),
        sa.Column("made_by", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('column', 'not-personal', 'name', 'undo')", name=op.f("ck_releases_correction_kind")
        ),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name=op.f("ck_releases_correction_undoes")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_releases_correction_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_correction_request_id_releases_request")
        ),
        sa.ForeignKeyConstraint(
            ["undoes"], ["releases_correction.id"], name=op.f("fk_releases_correction_undoes_releases_correction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_correction")),
        sa.UniqueConstraint("undoes", name=op.f("uq_releases_correction_undoes")),
        info={"append_only": True},
    )
    with op.batch_alter_table("releases_correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_correction_dataset_id"), ["dataset_id"], unique=False)
    op.guard_append_only("releases_correction")


def downgrade() -> None:
    op.unguard_append_only("releases_correction")
    with op.batch_alter_table("releases_correction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_correction_dataset_id"))
    op.drop_table("releases_correction")
