"""Fixtures for all tests."""

from support.stores import postgres, store, store_url

__all__ = ["postgres", "store", "store_url"]
