"""Requests to services: the client, what their answers hold, and the base of vendor clients."""
