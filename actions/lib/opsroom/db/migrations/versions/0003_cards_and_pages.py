"""Cards and pages: what must not be made twice, the board and the pager of our own, and the pages
that went out."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeats",
        *_texts("key", "mark", "state", "deployment", "answer", "began_at", "ended_at"),
        sa.PrimaryKeyConstraint("key", name="repeats_once"),
    )
    op.create_index("repeats_ended", "repeats", ["ended_at"])
    op.create_table(
        "cards",
        *_texts("tracker", "project"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts(
            "mark",
            "summary",
            "description",
            "status",
            "assignee",
            "reporter",
            "created_at",
            "changed_at",
        ),
        sa.PrimaryKeyConstraint("tracker", "project", "number", name="cards_number"),
        sa.UniqueConstraint("tracker", "mark", name="cards_mark"),
    )
    op.create_index("cards_changed", "cards", ["tracker", "changed_at"])
    op.create_table(
        "card_comments",
        *_texts("tracker", "mark", "project"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("author", "text", "at"),
        sa.PrimaryKeyConstraint("tracker", "mark", name="card_comments_once"),
    )
    op.create_index("card_comments_card", "card_comments", ["tracker", "project", "number", "at"])
    op.create_table(
        "pages",
        sa.Column("mark", sa.Text(), primary_key=True),
        *_texts(
            "deployment",
            "pager",
            "incident",
            "number",
            "url",
            "team",
            "target_kind",
            "target",
            "target_name",
        ),
        *_texts("people", "owner", "shown", "person", "room", "text"),
        sa.Column("urgent", sa.Integer(), nullable=False),
        sa.Column("emergency", sa.Integer(), nullable=False),
        *_texts("state", "paged_at", "watch_until", "told", "execution_id"),
    )
    op.create_index("pages_paged", "pages", ["paged_at"])
    op.create_index("pages_state", "pages", ["state", "paged_at"])
    op.create_table(
        "handles",
        *_texts("app", "environment", "name", "value", "at"),
        sa.PrimaryKeyConstraint("app", "environment", "name", name="handles_place"),
    )
    op.create_table(
        "local_pages",
        sa.Column("pager", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("mark", "target_kind", "target", "text"),
        sa.Column("urgent", sa.Integer(), nullable=False),
        *_texts("state", "author", "people", "at", "changed_at", "changed_by"),
        sa.PrimaryKeyConstraint("pager", "number", name="local_pages_number"),
        sa.UniqueConstraint("pager", "mark", name="local_pages_mark"),
    )


def downgrade() -> None:
    raise NotImplementedError("Who was paged, and what was asked of trackers, is not thrown away.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
