"""How a cluster is reached and as whom: kubeconfigs, tokens, the pod's own account."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.errors import Code, Failure
from opsroom.vendors.kubernetes import Access, credentials, kubeconfig
from opsroom.vendors.kubernetes.client import open_client
from support.deploys.kubernetes_access import KEY, WEB, client_of, config, written, wrong
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import NAMESPACE, TOKEN, Cluster


def test_a_token_of_a_kubeconfig_is_used_and_its_namespace_too(
    cluster: Cluster, tmp_path: Path
) -> None:
    path = config(cluster, tmp_path, {"token": TOKEN})
    client, named = open_client(Access("deployment/web", kubeconfig=path), KEY)
    assert named == WEB
    assert client.get(named)["kind"] == "Deployment"
    other = open_client(Access("deployment/web", "other", kubeconfig=path), KEY)[1]
    assert other.namespace == "other"


def test_a_token_file_is_found_beside_the_kubeconfig_and_counts_first(
    cluster: Cluster, tmp_path: Path
) -> None:
    written(tmp_path, f"{TOKEN}\n", "token")
    path = config(cluster, tmp_path, {"tokenFile": "token", "token": "outdated-token"})
    assert client_of(path).get(WEB)["kind"] == "Deployment"


def test_a_token_file_is_read_again_after_a_401(cluster: Cluster, tmp_path: Path) -> None:
    file = written(tmp_path, TOKEN, "token")
    access = Access("deployment/web", url=cluster.url("").rstrip("/"), token_file=file)
    client = open_client(access, KEY)[0]
    client.get(WEB)
    cluster.token = "the-next-token-of-the-hour"
    written(tmp_path, cluster.token, "token")
    assert client.get(WEB)["kind"] == "Deployment"
    assert len(cluster.requests) == 3
    cluster.token = "one-more"
    with pytest.raises(Failure, match="may have expired") as caught:
        client.get(WEB)
    assert caught.value.hint == f"An administrator has to renew them: {file}."
    assert len(cluster.requests) == 4, "the same token is not tried twice"
    written(tmp_path, cluster.token, "token")
    assert client.get(WEB)["kind"] == "Deployment", "and each hour anew"


@pytest.mark.parametrize(("content", "message"), [(None, "cannot be read"), ("", "is empty")])
def test_a_token_file_without_a_token_is_named(
    cluster: Cluster, tmp_path: Path, content: Any, message: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    access = Access("deployment/web", url=cluster.url("").rstrip("/"), token_file=str(file))
    with pytest.raises(Failure, match=message) as caught:
        open_client(access, KEY)[0].get(WEB)
    assert caught.value.code is Code.UNAUTHORIZED
    assert cluster.requests == []


def test_a_context_is_named_with_the_nearest(cluster: Cluster, tmp_path: Path) -> None:
    path = config(cluster, tmp_path, {"token": TOKEN})
    failure = wrong(path, context="shopp")
    assert failure.message == f"The kubeconfig '{path}' has no context 'shopp'."
    assert failure.hint == "Did you mean shop?"
    assert failure.code is Code.SETTINGS_INVALID


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("a: [", "is no YAML"),
        ("- 1", "names no current-context"),
        ("current-context: x", "has no context 'x'"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(
    tmp_path: Path, content: Any, message: str
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    assert message in wrong(str(path)).message


@pytest.mark.parametrize(
    ("key", "value", "instead"),
    [
        ("insecure-skip-tls-verify", True, "put the cluster's CA into certificate-authority"),
        ("proxy-url", "http://proxy:3128", "set the environment variable HTTPS_PROXY"),
    ],
)
def test_what_would_weaken_a_connection_is_refused_with_what_to_do(
    cluster: Cluster, tmp_path: Path, key: str, value: Any, instead: str
) -> None:
    failure = wrong(config(cluster, tmp_path, {"token": TOKEN}, **{key: value}))
    assert f"has '{key}', which is not supported" in failure.message
    assert instead in failure.message
    assert cluster.requests == []


def test_checking_that_is_not_turned_off_is_no_reason_to_refuse(
    cluster: Cluster, tmp_path: Path
) -> None:
    path = config(cluster, tmp_path, {"token": TOKEN}, **{"insecure-skip-tls-verify": False})
    assert client_of(path).get(WEB)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"username": "a", "password": "hunter2hunter2"}, "has had no passwords since 1.19"),
        ({"auth-provider": {"name": "gcp"}}, "use the exec plugin that took its place"),
        ({"token": TOKEN, "as": "admin"}, "give the account the rights itself"),
        ({}, "neither a token, a client certificate nor an exec"),
        ({"client-certificate-data": "***"}, "'client-certificate-data' that is no base64"),
        ({"client-certificate-data": "eA=="}, "a client certificate without its key"),
        ({"client-certificate": "gone.pem"}, "'client-certificate' that cannot be read"),
    ],
)
def test_a_user_that_is_not_understood_is_refused_and_never_someone_else(
    cluster: Cluster, tmp_path: Path, user: Dict[str, Any], message: str
) -> None:
    failure = wrong(config(cluster, tmp_path, user))
    assert message in failure.message
    assert "hunter2" not in failure.message
    assert cluster.requests == []


@pytest.mark.parametrize("url", ["http://kubernetes.example.com", "http://127.0.0.1.example.com"])
def test_no_token_goes_to_a_server_without_encryption(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, kubeconfig_of(url, {"token": TOKEN}))
    assert "server is no https address" in wrong(path).message


def test_in_a_pod_it_is_the_service_account(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", str(tmp_path))
    written(tmp_path, NAMESPACE, "namespace")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    found = kubeconfig.connection(Access("deployment/web"), KEY)
    assert (found.url, found.namespace) == ("https://[fd00::1]:6443", NAMESPACE)
    assert found.ca == f"{tmp_path}/ca.crt"
    assert found.source == credentials.TokenFile(f"{tmp_path}/token")


def test_outside_of_a_pod_something_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Failure, match="does not run in a pod") as caught:
        open_client(Access("deployment/web"), KEY)
    assert caught.value.code is Code.SETTINGS_INVALID
