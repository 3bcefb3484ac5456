"""A program that hands out credentials: a plugin of client-go, which a kubeconfig names under
`exec`.

It is run here and not by kubectl, which keeps to itself what it is handed.
"""

from __future__ import annotations

import json
import os
from typing import IO, Any, Dict, List, Mapping, Optional

from ...errors import Code, Failure
from ...http.content import text_at
from ...subprocesses import capture
from ...text import one_line
from .credentials import Login, path_of, unnamed

# Seconds that a plugin may take. It may ask a cloud, and is not run for every request.
TIME_LIMIT = 30.0
# The versions of the interface that kubectl still has.
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


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
                TIME_LIMIT,
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
        # What it prints on standard output may hold a token: nothing of that is shown.
        name = os.path.basename(self._command) or "the kubeconfig's exec"
        message = f"'{name}', which the kubeconfig gets its credentials from, {what}."
        return Failure(Code.UNAUTHORIZED, message.replace("..", "."), facts={"sent": False})
