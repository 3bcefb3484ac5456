"""What the sensors saw last, and the news that they have for StackStorm."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched",
        *_texts("source", "state", "changed_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="watched_source"),
    )
    op.create_table(
        "news",
        *_texts("event", "source", "trigger_name", "payload", "made_at"),
        sa.Column("place", sa.Integer(), nullable=False),
        *_texts("taken_until", "sent_at"),
        sa.PrimaryKeyConstraint("event", name="news_once"),
    )
    op.create_index("news_waiting", "news", ["sent_at", "made_at", "place"])


def downgrade() -> None:
    raise NotImplementedError("News that were not dispatched yet are not thrown away.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
