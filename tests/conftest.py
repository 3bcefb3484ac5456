"""Fixtures for all tests."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.records.stores import (
    choose_databases,
    empty_url,
    fresh_url,
    other_url,
    postgres,
    store,
    store_url,
)

# How fast a machine makes examples is no fault of what is tested.
settings.register_profile("opsroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opsroom")

# Without compiled files, every process that a test starts compiles all of opsroom again, and pytest
# all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A proxy of the machine's is asked for no server of a test.
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    for _written in (_name, _name.upper()):
        os.environ.pop(_written, None)

# SQLite waits for the disk after each transaction, and PostgreSQL copies 8 MB for each database: in
# memory that takes nothing (a third of the time of these tests).
_MEMORY, _ENOUGH = Path("/dev/shm"), 1 << 30
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK):
    _status = os.statvfs(_MEMORY)
    if _status.f_bavail * _status.f_frsize >= _ENOUGH and not _status.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of the time, tests wait for processes and time
    limits."""
    return (os.cpu_count() or 1) + 1


pytest_generate_tests = choose_databases

__all__ = [
    "empty_url",
    "fresh_url",
    "other_url",
    "postgres",
    "pytest_generate_tests",
    "store",
    "store_url",
]
