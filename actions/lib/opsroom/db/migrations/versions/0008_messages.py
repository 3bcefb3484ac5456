"""Messages of chats that were acted upon, each of them once."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="messages_once"),
    )
    op.create_index("messages_at", "messages", ["at"])


def downgrade() -> None:
    raise NotImplementedError("A message that is delivered again would be acted upon again.")
