"""Clients of a played cluster by kubeconfigs that tests write."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any, Mapping

import pytest

from opsroom.errors import Failure
from opsroom.vendors.kubernetes import Access, Kind, Workload
from opsroom.vendors.kubernetes.client import Client, open_client
from support.contracts.vendor import answer
from support.servers.http import HttpServer
from support.servers.mail import make_certificate
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import NAMESPACE, TOKEN, Cluster, workload

WEB = Workload(Kind.DEPLOYMENT, "web", NAMESPACE)
KEY = "apps.web.deploy"


def written(folder: Path, content: str, name: str = "config") -> str:
    """The path of a file with this content."""
    path = folder / name
    path.write_text(content)
    return str(path)


def client_of(path: str, **more: str) -> Client:
    """A client by a kubeconfig."""
    return open_client(Access("deployment/web", kubeconfig=path, **more), KEY)[0]


def config(cluster: Cluster, folder: Path, user: Mapping[str, Any], **more: Any) -> str:
    """The path of a kubeconfig for a cluster and a user of it."""
    return written(folder, kubeconfig_of(cluster.url("").rstrip("/"), user, **more))


def wrong(path: str, **more: str) -> Failure:
    """The error of who asks by this kubeconfig: it names no token, and nothing was sent."""
    with pytest.raises(Failure) as caught:
        client_of(path, **more).get(WEB)
    found = caught.value
    assert TOKEN not in found.sentence() + repr(found.facts)
    assert found.facts.get("sent") is False
    return found


def inline(path: str) -> str:
    """A file as a kubeconfig holds it."""
    return base64.b64encode(Path(path).read_bytes()).decode()


class Secure:
    """A server with a certificate that only answers who shows a certificate that it trusts."""

    def __init__(self, folder: Path) -> None:
        for name in ("server", "client", "stranger"):
            (folder / name).mkdir()
        self.certificate = make_certificate(folder / "server")
        self.client = make_certificate(folder / "client")
        self.stranger = make_certificate(folder / "stranger")
        self.server = HttpServer(self.certificate)
        context: ssl.SSLContext = self.server._server.socket.context
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.client[0])
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web"
        self.server.on(path, answer(workload()))

    @property
    def url(self) -> str:
        return self.server.url("").rstrip("/")
