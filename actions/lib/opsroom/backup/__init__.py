"""Copies of the record that can be put back: backup, restore, and the move between SQLite and
PostgreSQL. Run as `python -m opsroom.backup`, by the owner of the database."""
