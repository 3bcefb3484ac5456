"""Archives of the record: files that hold its first records, verify by themselves and continue each
other. Run as `python -m opsroom.archive`, by the owner of the database."""
