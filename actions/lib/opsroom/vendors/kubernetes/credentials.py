"""What proves to a cluster who asks: a token, a file with one, or a client certificate.

What is inline in a kubeconfig and has to be a file for the TLS library becomes one without a name.
"""

from __future__ import annotations

import base64
import binascii
import tempfile
from dataclasses import field
from typing import IO, NamedTuple, Optional, Protocol

from ...errors import Code, Failure
from ...structs import dataclass


@dataclass(frozen=True)
class Login:
    """A bearer token, or the paths of a client certificate and its key."""

    token: str = field(default="", repr=False)
    certificate: str = ""
    key: str = ""


class Source(Protocol):
    """Where a login comes from."""

    @property
    def place(self) -> str:
        """It, named for the person who has to renew the login."""

    def login(self) -> Login:
        """The login as it is now. Raises Failure(unauthorized) where there is none."""


class Fixed(NamedTuple):
    """A login from the config or from a kubeconfig."""

    known: Login
    place: str

    def login(self) -> Login:
        """Always the same."""
        return self.known


class TokenFile(NamedTuple):
    """A token in a file, which is read each time: a projected one is replaced every hour."""

    path: str

    @property
    def place(self) -> str:
        """The file."""
        return self.path

    def login(self) -> Login:
        """What the file holds now."""
        try:
            with open(self.path, encoding="utf-8") as file:
                token = file.read().strip()
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else "") or "it is no text"
            message = f"The token file '{self.path}' cannot be read ({reason})."
            raise Failure(Code.UNAUTHORIZED, message, facts={"sent": False}) from error
        if not token:
            message = f"The token file '{self.path}' is empty."
            raise Failure(Code.UNAUTHORIZED, message, facts={"sent": False})
        return Login(token)


def unnamed(content: bytes) -> IO[bytes]:
    """A file that nobody else can open, and that is gone with this process, however it ends: for
    what the TLS library takes as a path alone."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (its user keeps it open)
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def path_of(file: IO[bytes]) -> str:
    """The path under which this process opens an unnamed file again."""
    return f"/dev/fd/{file.fileno()}"


def decoded(data: str) -> Optional[bytes]:
    """What is in a kubeconfig as base64; None where it is none."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
