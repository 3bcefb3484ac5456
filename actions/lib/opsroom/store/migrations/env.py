"""What Alembic runs to migrate: on the connection that opsroom hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from opsroom.store.tables import metadata

connection = context.config.attributes["connection"]
# transactional_ddl: Alembic believes that SQLite cannot; with BEGIN under our own control it can.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
