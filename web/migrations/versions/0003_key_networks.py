"""The networks that a key works from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Keys there are already work from anywhere, as before.
    with op.batch_alter_table("credentials_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("networks", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("credentials_key", schema=None) as batch_op:
        batch_op.drop_column("networks")
