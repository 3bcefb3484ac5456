"""How a cluster is reached and as whom: kubeconfigs, tokens, certificates, plugins, the pod's own
account."""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import pytest

from opsroom.errors import Code, Failure
from opsroom.vendors.kubernetes import Access, Kind, Workload, credentials, kubeconfig
from opsroom.vendors.kubernetes.client import Client, open_client
from support.contracts.vendor import answer
from support.deploys.kubectl import kubectl
from support.servers.http import HttpServer
from support.servers.mail import make_certificate
from support.vendors import kubernetes as played
from support.vendors.kubernetes import NAMESPACE, TOKEN, Cluster, workload

WEB = Workload(Kind.DEPLOYMENT, "web", NAMESPACE)
KEY = "apps.web.deploy"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        yield running


def written(folder: Path, content: str, name: str = "config") -> str:
    path = folder / name
    path.write_text(content)
    return str(path)


def client_of(path: str, **more: str) -> Client:
    return open_client(Access("deployment/web", kubeconfig=path, **more), KEY)[0]


def config(cluster: Cluster, folder: Path, user: Mapping[str, Any], **more: Any) -> str:
    return written(folder, played.kubeconfig(cluster.url("").rstrip("/"), user, **more))


def wrong(path: str, **more: str) -> Failure:
    with pytest.raises(Failure) as caught:
        client_of(path, **more).get(WEB)
    found = caught.value
    assert TOKEN not in found.sentence() + repr(found.facts)
    assert found.facts.get("sent") is False
    return found


def inline(path: str) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()


# Tokens.


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


# Kubeconfigs that are wrong.


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


# Certificates.


class Secure:
    """A server with a certificate that only answers who shows a certificate that it trusts."""

    def __init__(self, folder: Path) -> None:
        for name in ("server", "client", "stranger"):
            (folder / name).mkdir()
        self.certificate = make_certificate(folder / "server")
        self.client = make_certificate(folder / "client")
        self.stranger = make_certificate(folder / "stranger")
        self.server = HttpServer(self.certificate)
        context: ssl.SSLContext = self.server._server.socket.context  # type: ignore[attr-defined]
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.client[0])
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web"
        self.server.on(path, answer(workload()))

    @property
    def url(self) -> str:
        return self.server.url("").rstrip("/")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    made = Secure(tmp_path)
    with made.server:
        yield made


def user_of(pair: Tuple[str, str]) -> Dict[str, str]:
    return {"client-certificate": pair[0], "client-key": pair[1]}


def test_a_client_certificate_in_files_is_shown(secure: Secure, tmp_path: Path) -> None:
    ca = {"certificate-authority": secure.certificate[0]}
    path = written(tmp_path, played.kubeconfig(secure.url, user_of(secure.client), **ca))
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
    client = client_of(written(tmp_path, played.kubeconfig(secure.url, user, **ca)))
    for _ in range(2):
        assert client.get(WEB)["kind"] == "Deployment"
        assert os.listdir(temporary) == []


@pytest.mark.parametrize("known", ["stranger", "client"])
def test_a_server_of_another_ca_gets_nothing(secure: Secure, tmp_path: Path, known: str) -> None:
    ca = {"certificate-authority": getattr(secure, known)[0]}
    path = written(tmp_path, played.kubeconfig(secure.url, user_of(secure.client), **ca))
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
        content = played.kubeconfig(server.url("").rstrip("/"), {"token": TOKEN}, **ca)
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
    path = written(tmp_path, played.kubeconfig(secure.url, user_of(secure.stranger), **ca))
    assert wrong(path).code is Code.UNREACHABLE
    assert secure.server.requests == []


def test_a_key_with_a_passphrase_is_refused_and_nobody_asked_for_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    certificate = written(tmp_path, "-----BEGIN CERTIFICATE-----", "cert.pem")
    key = written(tmp_path, "-----BEGIN ENCRYPTED PRIVATE KEY-----", "key.pem")
    failure = wrong(config(cluster, tmp_path, user_of((certificate, key))))
    assert "'client-key' with a passphrase; use a key without one" in failure.message


# Credential plugins.

PLUGIN = """
import json, os, sys
request = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
with open(os.environ["SEEN"], "a") as file:
    print(json.dumps([sys.argv[1:], request, sorted(os.environ)]), file=file)
print(json.dumps({"apiVersion": request["apiVersion"], "kind": "ExecCredential", "status": STATUS}))
"""


def plugin_of(folder: Path, status: str, **more: Any) -> Dict[str, Any]:
    """A user with a plugin that hands out `status`, an expression of Python."""
    script = written(folder, PLUGIN.replace("STATUS", status), "plugin.py")
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [script, "get-token"],
            "env": [{"name": "SEEN", "value": str(folder / "seen")}],
            "interactiveMode": "IfAvailable",
            **more,
        }
    }


def seen(folder: Path) -> List[Any]:
    return [json.loads(line) for line in (folder / "seen").read_text().splitlines()]


def test_a_plugin_is_asked_once_for_a_token_and_again_after_a_401(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "stackstorm-s-own-token")
    times = "len(open(os.environ['SEEN']).readlines())"
    tokens = f"{{'token': '{TOKEN}' if {times} == 1 else 'second-token'}}"
    client = client_of(config(cluster, tmp_path, plugin_of(tmp_path, tokens)))
    assert not (tmp_path / "seen").exists()
    client.get(WEB)
    client.get(WEB)
    arguments, request, names = seen(tmp_path)[0]
    assert arguments == ["get-token"]
    assert request == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    assert "ST2_ACTION_AUTH_TOKEN" not in names
    assert len(seen(tmp_path)) == 1
    cluster.token = "second-token"
    assert client.get(WEB)["kind"] == "Deployment"
    assert len(seen(tmp_path)) == 2


def test_a_plugin_whose_new_tokens_are_refused_is_asked_no_more_than_twice(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.token = "another"
    path = config(cluster, tmp_path, plugin_of(tmp_path, "{'token': os.urandom(9).hex()}"))
    with pytest.raises(Failure, match="may have expired") as caught:
        client_of(path).get(WEB)
    assert len(seen(tmp_path)) == 2
    assert caught.value.hint.startswith("An administrator has to renew them: the program python")


def test_a_plugin_that_wants_to_know_the_cluster_is_told(cluster: Cluster, tmp_path: Path) -> None:
    user = plugin_of(tmp_path, f"{{'token': '{TOKEN}'}}", provideClusterInfo=True)
    client_of(config(cluster, tmp_path, user)).get(WEB)
    assert seen(tmp_path)[0][1]["spec"]["cluster"]["server"] == cluster.url("").rstrip("/")


def test_a_plugin_may_hand_out_a_certificate(secure: Secure, tmp_path: Path) -> None:
    certificate, key = secure.client
    status = (
        f"{{'clientCertificateData': open('{certificate}').read(), "
        f"'clientKeyData': open('{key}').read()}}"
    )
    ca = {"certificate-authority": secure.certificate[0]}
    user = plugin_of(tmp_path, status)
    path = written(tmp_path, played.kubeconfig(secure.url, user, **ca))
    assert client_of(path).get(WEB)["kind"] == "Deployment"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"command": "no-such-plugin"}, "'no-such-plugin' is not installed, or not on the PATH"),
        ({"command": ""}, "has no command"),
        ({"interactiveMode": "Always"}, "wants to ask a person"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "speaks client.authentication"),
        ({"args": ["-c", "raise SystemExit('no session')"]}, "ended with status 1: no session"),
        ({"args": ["-c", f"print('{TOKEN}')"]}, "printed no ExecCredential"),
        ({"args": ["-c", "print('[]')"]}, "printed no ExecCredential"),
    ],
)
def test_a_plugin_that_hands_out_nothing_is_named_with_the_reason(
    cluster: Cluster, tmp_path: Path, more: Dict[str, Any], message: str
) -> None:
    user = plugin_of(tmp_path, "{}", installHint="Install it with apt.", **more)
    failure = wrong(config(cluster, tmp_path, user))
    assert message in failure.message
    assert failure.code is Code.UNAUTHORIZED
    assert (failure.hint == "Install it with apt.") is ("installed" in message)
    assert cluster.requests == []


def test_an_exec_credential_without_credentials_is_none(cluster: Cluster, tmp_path: Path) -> None:
    failure = wrong(config(cluster, tmp_path, plugin_of(tmp_path, "{'token': ''}")))
    assert "neither a token nor a certificate with its key" in failure.message


def test_kubectl_sends_the_same_token_by_the_same_kubeconfig(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web"
    user = plugin_of(tmp_path, f"{{'token': '{TOKEN}'}}", provideClusterInfo=True)
    ca = {"certificate-authority-data": inline(certificate[0])}
    with HttpServer(certificate) as server:
        server.on(path, answer(workload()))
        content = played.kubeconfig(server.url("").rstrip("/"), user, **ca)
        said = kubectl(tmp_path, content, "get", "--raw", path)
        assert said.status == 0, said
        client_of(written(tmp_path, content)).get(WEB)
    theirs, mine = [one.headers["authorization"] for one in server.requests]
    assert mine == theirs == f"Bearer {TOKEN}"
    (_, asked_by_kubectl, _), (_, asked_by_us, _) = seen(tmp_path)
    # It says more than the interface documents where there is nothing to say.
    asked_by_kubectl["spec"]["cluster"].pop("config", None)
    assert asked_by_us == asked_by_kubectl


@pytest.mark.parametrize("url", ["http://kubernetes.example.com", "http://127.0.0.1.example.com"])
def test_no_token_goes_to_a_server_without_encryption(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, played.kubeconfig(url, {"token": TOKEN}))
    assert "server is no https address" in wrong(path).message


# In a pod.


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
