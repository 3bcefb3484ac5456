"""Incidents that were declared: what was made of each, so that it is made once."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incidents",
        *_texts(
            "id",
            "state",
            "who",
            "app",
            "text",
            "owner",
            "shown",
            "person",
            "chat_name",
            "st2_user",
            "room",
        ),
        *_texts(
            "since",
            "execution_id",
            "tracker",
            "card",
            "card_mark",
            "card_url",
            "pager",
            "page",
            "page_url",
        ),
        *_texts(
            "page_words",
            "linked",
            "closed_at",
            "closed_by",
            "closing",
            "page_over",
            "card_told",
            "card_over",
        ),
        sa.PrimaryKeyConstraint("id", name="incidents_id"),
    )
    op.create_index("incidents_state", "incidents", ["state", "since"])


def downgrade() -> None:
    raise NotImplementedError("Which card and which page belong together would be lost.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
