"""Plugins that hand out credentials for a cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Failure
from support.contracts.vendor import answer
from support.deploys.kubectl import kubectl
from support.deploys.kubernetes_access import WEB, Secure, client_of, config, inline, written, wrong
from support.servers.http import HttpServer
from support.servers.mail import make_certificate
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import NAMESPACE, TOKEN, Cluster, workload

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
    path = written(tmp_path, kubeconfig_of(secure.url, user, **ca))
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
        content = kubeconfig_of(server.url("").rstrip("/"), user, **ca)
        said = kubectl(tmp_path, content, "get", "--raw", path)
        assert said.status == 0, said
        client_of(written(tmp_path, content)).get(WEB)
    theirs, mine = [one.headers["authorization"] for one in server.requests]
    assert mine == theirs == f"Bearer {TOKEN}"
    (_, asked_by_kubectl, _), (_, asked_by_us, _) = seen(tmp_path)
    # It says more than the interface documents where there is nothing to say.
    asked_by_kubectl["spec"]["cluster"].pop("config", None)
    assert asked_by_us == asked_by_kubectl
