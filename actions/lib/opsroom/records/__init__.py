"""What opsroom keeps: the ledger and its chain, locks, claims, changes, pages and announcements."""
