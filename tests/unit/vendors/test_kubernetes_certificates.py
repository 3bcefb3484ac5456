"""The certificates of a cluster and of who talks to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Tuple

import pytest

from opsroom.errors import Code
from opsroom.vendors.kubernetes import credentials
from support.contracts.vendor import answer
from support.deploys.kubernetes_access import WEB, Secure, client_of, config, inline, written, wrong
from support.servers.http import HttpServer
from support.servers.mail import make_certificate
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import NAMESPACE, TOKEN, Cluster, workload


def user_of(pair: Tuple[str, str]) -> Dict[str, str]:
    return {"client-certificate": pair[0], "client-key": pair[1]}


def test_a_client_certificate_in_files_is_shown(secure: Secure, tmp_path: Path) -> None:
    ca = {"certificate-authority": secure.certificate[0]}
    path = written(tmp_path, kubeconfig_of(secure.url, user_of(secure.client), **ca))
    assert client_of(path).get(WEB)["kind"] == "Deployment"


def test_what_is_inline_is_used_and_leaves_no_file(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(credentials.tempfile, "tempdir", str(temporary))
    certificate, key = secure.client
    user = {"client-certificate-data": inline(certificate), "client-key-data": inline(key)}
    ca = {"certificate-authority-data": inline(secure.certificate[0])}
    client = client_of(written(tmp_path, kubeconfig_of(secure.url, user, **ca)))
    for _ in range(2):
        assert client.get(WEB)["kind"] == "Deployment"
        assert os.listdir(temporary) == []


@pytest.mark.parametrize("known", ["stranger", "client"])
def test_a_server_of_another_ca_gets_nothing(secure: Secure, tmp_path: Path, known: str) -> None:
    ca = {"certificate-authority": getattr(secure, known)[0]}
    path = written(tmp_path, kubeconfig_of(secure.url, user_of(secure.client), **ca))
    failure = wrong(path)
    assert "certificate that is not trusted" in failure.message
    assert secure.server.requests == []


@pytest.mark.parametrize(
    ("more", "trusted"), [({"tls-server-name": "kubernetes.default"}, True), ({}, False)]
)
def test_a_server_behind_another_address_is_known_by_the_name_in_its_certificate(
    tmp_path: Path, more: Dict[str, str], trusted: bool
) -> None:
    certificate = make_certificate(tmp_path, "DNS:kubernetes.default")
    ca = {"certificate-authority": certificate[0], **more}
    with HttpServer(certificate) as server:
        server.on(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web", answer(workload()))
        content = kubeconfig_of(server.url("").rstrip("/"), {"token": TOKEN}, **ca)
        path = written(tmp_path, content)
        if trusted:
            assert client_of(path).get(WEB)["kind"] == "Deployment"
        else:
            assert "certificate that is not trusted" in wrong(path).message
            assert server.requests == []


def test_a_certificate_that_the_server_does_not_trust_is_refused(
    secure: Secure, tmp_path: Path
) -> None:
    ca = {"certificate-authority": secure.certificate[0]}
    path = written(tmp_path, kubeconfig_of(secure.url, user_of(secure.stranger), **ca))
    assert wrong(path).code is Code.UNREACHABLE
    assert secure.server.requests == []


def test_a_key_with_a_passphrase_is_refused_and_nobody_asked_for_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    certificate = written(tmp_path, "-----BEGIN CERTIFICATE-----", "cert.pem")
    key = written(tmp_path, "-----BEGIN ENCRYPTED PRIVATE KEY-----", "key.pem")
    failure = wrong(config(cluster, tmp_path, user_of((certificate, key))))
    assert "'client-key' with a passphrase; use a key without one" in failure.message
