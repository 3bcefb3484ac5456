"""What opsroom stores: the ledger and its chain, locks, claims, changes, pages and
announcements."""
