"""What proves to a cluster who asks: a token, a file with one, a client certificate, or a program
that hands out either (a credential plugin of client-go)."""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from dataclasses import field
from typing import IO, Any, Dict, List, Mapping, Optional, Protocol

from ...errors import Code, Failure
from ...http.content import text_at
from ...structs import dataclass
from ...subprocesses import capture
from ...text import one_line

# Seconds that a credential plugin may take. It may ask a cloud, and is not run for every request.
PLUGIN_TIME_LIMIT = 30.0
# The versions of the interface that kubectl still has.
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


@dataclass(frozen=True)
class Login:
    """A bearer token, or the paths of a client certificate and its key."""

    token: str = field(default="", repr=False)
    certificate: str = ""
    key: str = ""


class Source(Protocol):
    """Where a login comes from. `place` names it for whoever has to renew it."""

    @property
    def place(self) -> str: ...

    def login(self) -> Login:
        """The login as it is now. Raises Failure(unauthorized) where there is none."""


@dataclass(frozen=True)
class Fixed:
    """A login that stands in the config or in a kubeconfig."""

    known: Login
    place: str

    def login(self) -> Login:
        """Always the same."""
        return self.known


@dataclass(frozen=True)
class TokenFile:
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


class Plugin:
    """A program that a kubeconfig names under `exec`, run as client-go runs it: the request in
    KUBERNETES_EXEC_INFO, the answer an ExecCredential on its output.

    `spec` is what stands under `exec`, `cluster` what it is told of the cluster where it asks for
    that, `folder` what a relative path begins at.
    """

    def __init__(self, spec: Mapping[str, Any], cluster: Mapping[str, Any], folder: str) -> None:
        self._spec = spec
        self._cluster = cluster
        command = text_at(spec, "command")
        relative = os.sep in command and not os.path.isabs(command)
        self._command = os.path.join(folder, command) if relative else command
        self._files: List[IO[bytes]] = []

    @property
    def place(self) -> str:
        """The program."""
        return f"the program {os.path.basename(self._command)}"

    def login(self) -> Login:
        """What the program hands out; it is run each time."""
        name = os.path.basename(self._command)
        arguments, environ = self._arguments(), self._environ()
        try:
            ended = capture(
                arguments,
                PLUGIN_TIME_LIMIT,
                environ=environ,
                code=Code.UNAUTHORIZED,
                supervised=False,
            )
        except Failure as failure:
            hint = one_line(text_at(self._spec, "installHint"), 300) or failure.hint
            message = f"{failure.message} The kubeconfig gets its credentials from '{name}'."
            raise Failure(
                Code.UNAUTHORIZED, message, hint, {**failure.facts, "sent": False}
            ) from None
        if ended.status:
            last = f": {ended.lines[-1]}" if ended.lines else ""
            raise self._failure(f"ended with status {ended.status}{last}")
        return self._read(ended.output)

    def _arguments(self) -> List[str]:
        if not self._command:
            raise self._failure("has no command")
        if text_at(self._spec, "interactiveMode") == "Always":
            raise self._failure("wants to ask a person, and there is none here")
        return [self._command, *map(str, self._spec.get("args") or ())]

    def _environ(self) -> Mapping[str, Optional[str]]:
        asked: Dict[str, Any] = {"interactive": False}
        if self._spec.get("provideClusterInfo") is True:
            asked["cluster"] = dict(self._cluster)
        request = {"apiVersion": self._version(), "kind": "ExecCredential", "spec": asked}
        environ: Dict[str, Optional[str]] = {
            text_at(one, "name"): text_at(one, "value") for one in self._spec.get("env") or ()
        }
        return {**environ, "KUBERNETES_EXEC_INFO": json.dumps(request)}

    def _version(self) -> str:
        version = text_at(self._spec, "apiVersion")
        if version not in _VERSIONS:
            raise self._failure(f"speaks {version or 'no version'}, expected {_VERSIONS[0]}")
        return version

    def _read(self, output: str) -> Login:
        try:
            answer = json.loads(output)
        except ValueError:
            answer = None
        if text_at(answer, "kind") != "ExecCredential":
            raise self._failure("printed no ExecCredential")
        token = text_at(answer, "status", "token")
        certificate = text_at(answer, "status", "clientCertificateData")
        key = text_at(answer, "status", "clientKeyData")
        if not token and not (certificate and key):
            raise self._failure("printed neither a token nor a certificate with its key")
        if not certificate:
            return Login(token)
        self._files = [unnamed(certificate.encode()), unnamed(key.encode())]
        return Login(token, path_of(self._files[0]), path_of(self._files[1]))

    def _failure(self, what: str) -> Failure:
        # What it prints may hold a token, so that nothing of it is shown.
        name = os.path.basename(self._command) or "the kubeconfig's exec"
        message = f"'{name}', which the kubeconfig gets its credentials from, {what}."
        return Failure(Code.UNAUTHORIZED, message.replace("..", "."), facts={"sent": False})


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
    """What stands in a kubeconfig as base64; None where it is none."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
