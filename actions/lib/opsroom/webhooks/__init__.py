"""Webhooks: who sent one, what it reports, and how opsroom signs its own."""
