"""Fixtures for all tests."""

from hypothesis import HealthCheck, settings

from support.stores import postgres, store, store_url

# How fast a machine makes examples is no fault of what is tested.
settings.register_profile("opsroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opsroom")

__all__ = ["postgres", "store", "store_url"]
