"""The database: where it is, how it is opened, and transactions on it. SQLite in a file, or
PostgreSQL.

Nothing is imported here: where a database is (`url`) is found out without its driver.
"""
