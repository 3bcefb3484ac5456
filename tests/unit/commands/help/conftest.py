"""The aliases, read once: an action reads them in each process, and these tests run hundreds of
actions in one."""

from __future__ import annotations

from functools import lru_cache
from typing import Iterator

import pytest

from opsroom.commands import help
from opsroom.commands.help import catalogue, suggest


@pytest.fixture(scope="package", autouse=True)
def aliases_read_once() -> Iterator[None]:
    read = lru_cache(catalogue.read_commands)
    with pytest.MonkeyPatch.context() as patch:
        for module in (help, suggest):
            patch.setattr(module, "read_commands", read)
        yield
