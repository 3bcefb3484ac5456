"""The keys of the deploy kind ssh, and what is said of hosts; without any host."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.deploys.ssh.remote_command import Report, State
from opsroom.deploys.ssh.rollout import stop_text, whereabouts
from opsroom.errors import Code, Failure, Refusal
from opsroom.vendors.ssh import destination
from opsroom.vendors.ssh.errors import Trouble, failure_of, trouble_of
from support.cases import cases
from support.deploys.jobs import Notes
from support.deploys.ssh import deployer_of, options_of

GOOD = {"hosts": ["web1"], "command": ["deploy.sh", "{version}"]}


def test_the_smallest_config_has_hosts_and_a_command() -> None:
    options, lines = options_of(GOOD)
    assert lines == []
    assert (options.folder, options.time_limit) == (".opsroom", 1800.0)


def test_hosts_may_be_one_list_or_one_for_each_environment() -> None:
    access = options_of({**GOOD, "hosts": ["{app}.{environment}.example.com"]})[0].access
    assert access.hosts_of("web", "uat") == ("web.uat.example.com",)
    access = options_of({**GOOD, "hosts": {"uat": ["u1"], "production": ["p1", "p2"]}})[0].access
    assert access.hosts_of("web", "production") == ("p1", "p2")
    with pytest.raises(Refusal, match="web has no hosts on test") as caught:
        access.hosts_of("web", "test")
    assert caught.value.code is Code.NOT_CONFIGURED
    assert "uat and production" in caught.value.hint


def test_a_deployment_without_hosts_is_refused() -> None:
    made = deployer_of({**GOOD, "hosts": {"production": ["p1"]}})
    with pytest.raises(Refusal, match="web has no hosts on uat"):
        made.deploy(made.resolve("v1"), Notes())


@cases(
    ("raw", "complaint"),
    [
        ({"hosts": []}, "hosts: expected at least one host"),
        ({"hosts": {}}, "hosts: expected at least one environment"),
        ({"hosts": {"uat": []}}, "hosts.uat: expected at least one host"),
        ({"hosts": ["-oProxyCommand=x"]}, "hosts[0]: expected a host such as web1"),
        ({"hosts": ["a b"]}, "hosts[0]: expected a host such as web1"),
        ({"hosts": ["-l@web1"]}, "hosts[0]: expected a host such as web1"),
        ({"hosts": ["web1", "web1"]}, "hosts[1]: web1 is in this list twice"),
        ({"hosts": ["{version}"]}, "hosts: {version} is not filled in here"),
        ({"user": "-x"}, "user: expected the name of a user"),
        ({"identity": "id_rsa"}, "identity: expected the full path of a private key"),
        ({"command": "deploy.sh {version}"}, "command: expected a list of arguments"),
        ({"command": ["x", "{verison}"]}, "command: {verison} is not filled in here"),
        ({"folder": "-x"}, "folder: expected a path"),
        ({"time_limit": 0}, "time_limit: expected a length of time"),
        ({"port": 22}, "port: there is no such key"),
    ],
)
def test_wrong_options_are_named(raw: Any, complaint: str) -> None:
    lines = options_of({**GOOD, **raw})[1]
    assert lines[0].startswith(f"apps.web.deploy.{complaint}")


@pytest.mark.parametrize(
    ("host", "arguments"),
    [
        ("web1", ["--", "web1"]),
        ("web1:2222", ["-p", "2222", "--", "web1"]),
        ("deploy@web1", ["-l", "deploy", "--", "web1"]),
        ("deploy@[::1]:22", ["-p", "22", "-l", "deploy", "--", "::1"]),
    ],
)
def test_a_host_becomes_arguments_of_ssh(host: str, arguments: Any) -> None:
    assert destination(host) == arguments
    assert ("bob" in destination(host, "bob")) == ("@" not in host)


def test_what_is_where_is_one_sentence() -> None:
    states = {
        "web1": State.DONE,
        "web2": State.DONE,
        "web3": State.FAILED,
        "web4": State.ABSENT,
        "web5": State.CLOSED,
        "web6": State.UNKNOWN,
    }
    assert whereabouts(states, "v1") == (
        "v1 is on web1 and web2; whether it runs on web6 is not certain; web3 may be half done; "
        "web4 and web5 are untouched."
    )
    assert whereabouts({"web1": State.ABSENT}, "v1") == "web1 is untouched."


def test_what_came_of_stopping_is_said_for_each_host() -> None:
    away = Failure(Code.UNREACHABLE, "web4 is unreachable (connection refused).")
    answers = {
        "web1": Report(State.STOPPED),
        "web2": Report(State.DONE),
        "web3": Report(State.RUNNING),
        "web4": away,
        "web5": Report(State.CLOSED),
    }
    assert stop_text(answers, "deploy.sh") == (
        "'deploy.sh' was stopped on web1. It had already succeeded on web2. It was killed and "
        "still runs on web3. It could not be stopped on web4 (web4 is unreachable (connection "
        "refused)) and may still run there."
    )


@cases(
    ("message", "trouble", "sent"),
    [
        ("ssh: connect to host web1 port 22: Connection refused", Trouble.REFUSED, False),
        ("ssh: connect to host web1 port 22: No route to host", Trouble.NO_ROUTE, False),
        ("ssh: connect to host web1 port 22: Connection timed out", Trouble.SILENT, False),
        ("Connection timed out during banner exchange", Trouble.SILENT, False),
        ("ssh: Could not resolve hostname web1: Name or service not known", Trouble.NO_NAME, False),
        ("root@web1: Permission denied (publickey).", Trouble.DENIED, False),
        ("Connection closed by 10.0.0.1 port 22", Trouble.DROPPED, False),
        ("kex_exchange_identification: read: Connection reset by peer", Trouble.DROPPED, False),
        ("Bad owner or permissions on /root/.ssh/config", Trouble.SETTINGS, False),
        ("Unable to negotiate with 10.0.0.1: no matching host key type", Trouble.SETTINGS, False),
        ("Connection to web1 closed by remote host.", Trouble.LOST, True),
        ("Timeout, server web1 not responding.", Trouble.LOST, True),
        ("client_loop: send disconnect: Broken pipe", Trouble.LOST, True),
        ("", Trouble.LOST, True),
    ],
)
def test_the_messages_of_ssh_are_understood(message: str, trouble: Trouble, sent: bool) -> None:
    failure = failure_of("web1", [message] if message else [], 255)
    assert trouble_of(failure) is trouble
    assert failure.facts["sent"] is sent
    assert "web1" in failure.message


def test_only_what_passes_alone_is_waited_for() -> None:
    waits = {one for one in Trouble if one.passes}
    assert waits == {
        Trouble.NO_NAME,
        Trouble.REFUSED,
        Trouble.NO_ROUTE,
        Trouble.SILENT,
        Trouble.DROPPED,
        Trouble.LOST,
    }


def test_an_account_without_a_shell_is_named() -> None:
    failure = failure_of("web1", ["This account is currently not available."], 1)
    assert failure.message == (
        "web1 runs no commands for this user: This account is currently not available."
    )
