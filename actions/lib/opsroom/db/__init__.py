"""The database: where it is, how it is opened, and transactions on it. SQLite in a file, or
PostgreSQL."""

from __future__ import annotations

from .store import HEAD, Store, open_store

__all__ = ["HEAD", "Store", "open_store"]
