"""What the tests of the pager kind email run against."""

from __future__ import annotations

from typing import Iterator, Tuple

import pytest

from support.servers.mail import MailServer, make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("mail-tls"))


@pytest.fixture
def server() -> Iterator[MailServer]:
    """One without encryption: what is said to it does not depend on it."""
    with MailServer() as running:
        yield running
