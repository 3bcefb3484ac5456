"""Announcements, what came twice, and who muted the announce room."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tellings",
        *_texts("key", "state", "room", "text", "made_at", "ended_at", "execution_id"),
        sa.PrimaryKeyConstraint("key", name="tellings_once"),
    )
    op.create_index("tellings_state", "tellings", ["state", "made_at"])
    op.create_table(
        "seen",
        *_texts("kind", "id", "at"),
        sa.PrimaryKeyConstraint("kind", "id", name="seen_once"),
    )
    op.create_table(
        "silences",
        *_texts("what", "owner", "shown", "since", "until", "execution_id"),
        sa.PrimaryKeyConstraint("what", name="silences_one"),
    )


def downgrade() -> None:
    raise NotImplementedError("What was announced already would be announced again.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
