"""What Alembic runs to migrate: on the connection that opsroom hands over, in its transaction."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
# The connection is in a transaction already, also on SQLite: Alembic then neither begins nor
# commits one itself.
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
