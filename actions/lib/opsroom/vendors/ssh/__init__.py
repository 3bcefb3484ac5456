"""SSH: how hosts are reached, and the keys of the config for that, which the deploy kind and the
version kind share.

The OpenSSH client does it, so that `~/.ssh/config`, agents, jump hosts, certificates and hardware
keys work as they do for people. `client` runs it, `errors` knows what its messages mean.
"""

from __future__ import annotations

from typing import List, Mapping, Tuple

from ...config.fields import Fields
from ...errors import Code, Refusal
from ...names import either, listed
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import fill, unknown

PLACEHOLDERS = ("app", "environment")
# So many hosts are asked at the same time: sshd drops connections beyond ten that log in at once
# (MaxStartups 10:30:100).
AT_ONCE = 8

_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_HOST = lazy_pattern(
    rf"^(?:(?P<user>{_NAME})@)?(?:(?P<name>{_NAME})|\[(?P<address>[0-9A-Fa-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?\Z"
)
_USER = lazy_pattern(rf"^{_NAME}\Z")
_PATH = lazy_pattern(r"^[/~]")


@dataclass(frozen=True)
class Access:
    """`hosts` by environment; under an empty name those of every environment, which may hold
    `{app}` and `{environment}`. `user`, the paths `identity`, `known_hosts` and `config`: empty for
    what OpenSSH takes by itself. `connect_timeout` in seconds."""

    hosts: Mapping[str, Tuple[str, ...]]
    user: str = ""
    identity: str = ""
    known_hosts: str = ""
    config: str = ""
    connect_timeout: float = 10.0

    def hosts_of(self, app: str, environment: str) -> Tuple[str, ...]:
        """The hosts of an application on an environment, in their order. Raises
        Refusal(not_configured) where there are none."""
        found = self.hosts.get(environment, self.hosts.get("", ()))
        if not found:
            raise Refusal(
                Code.NOT_CONFIGURED,
                f"{app} has no hosts on {environment}.",
                f"There are hosts for {listed(self.hosts)}. An administrator adds them.",
            )
        values = {"app": app, "environment": environment}
        return tuple(fill(one, values) for one in found)


def read_access(fields: Fields) -> Access:
    """Which hosts there are, and how they are reached.

    - `hosts` (list, or mapping of environments to lists; required): `web1`, `deploy@web1`,
      `web1:2222` or a name of `~/.ssh/config`, in the order in which they are deployed.
    - `user` (text; default that of OpenSSH): the user on hosts that name none.
    - `identity` (full path; default those of OpenSSH): the private key; then no other key is
      offered.
    - `known_hosts` (full path; default those of OpenSSH): the only file with the keys of the hosts;
      checking cannot be turned off.
    - `config` (full path; default `~/.ssh/config` and that of the machine): the only configuration
      of OpenSSH.
    - `connect_timeout`: how long making a connection to a host may take.
    """
    return Access(
        hosts=_read_hosts(fields),
        user=fields.text("user", "", pattern=_USER, expected="the name of a user"),
        identity=_read_path(fields, "identity", "a private key"),
        known_hosts=_read_path(fields, "known_hosts", "a known_hosts file"),
        config=_read_path(fields, "config", "a configuration of ssh"),
        connect_timeout=fields.seconds("connect_timeout", 10.0, minimum=1.0, maximum=120.0),
    )


def destination(host: str, user: str = "") -> List[str]:
    """The arguments of ssh for a host such as `web1`, `deploy@web1`, `web1:2222` or `[::1]:22`.

    A user in the host's own text counts more than `user`.
    """
    match = _HOST.match(host)
    if match is None:
        raise Refusal(Code.NOT_CONFIGURED, f"{host!r} is not a host.", "An administrator fixes it.")
    arguments = ["-p", match.group("port")] if match.group("port") else []
    user = match.group("user") or user
    arguments += ["-l", user] if user else []
    return [*arguments, "--", match.group("name") or match.group("address")]


def port_of(host: str) -> str:
    """The port in a host; empty where there is none."""
    match = _HOST.match(host)
    return (match.group("port") or "") if match else ""


def without_port(host: str) -> str:
    """The name or address in a host, without user and port: for programs of OpenSSH."""
    match = _HOST.match(host)
    return (match.group("name") or match.group("address")) if match else host


def name_of(host: str) -> str:
    """The name or address in a host, without user and port: for web addresses."""
    match = _HOST.match(host)
    if match is None:
        return host
    address = match.group("address")
    return f"[{address}]" if address and ":" in address else address or match.group("name")


def _read_path(fields: Fields, name: str, what: str) -> str:
    return fields.text(name, "", pattern=_PATH, expected=f"the full path of {what}")


def _read_hosts(fields: Fields) -> Mapping[str, Tuple[str, ...]]:
    raw = fields.raw("hosts")
    if not isinstance(raw, Mapping):
        hosts = fields.texts("hosts", expected="a list of hosts, or one for each environment")
        _check_hosts(fields, "hosts", hosts)
        return {"": hosts}
    inner = fields.inside("hosts")
    found = {name: inner.texts(name, expected="a list of hosts") for name in inner.names()}
    for name, hosts in found.items():
        _check_hosts(inner, name, hosts)
    if not found:
        fields.problem("hosts", "expected at least one environment with its hosts")
    return found


def _check_hosts(fields: Fields, name: str, hosts: Tuple[str, ...]) -> None:
    if not hosts and not fields.problems.lines:
        fields.problem(name, "expected at least one host, found an empty list")
    for number, host in enumerate(hosts):
        for other in unknown(host, PLACEHOLDERS):
            known = either(f"{{{one}}}" for one in PLACEHOLDERS)
            fields.problem(name, f"{{{other}}} is not filled in here; known: {known}")
        if not _HOST.match(fill(host, {"app": "x", "environment": "x"})):
            fields.problem(
                f"{name}[{number}]", "expected a host such as web1, deploy@web1 or web1:2222"
            )
        if host in hosts[:number]:
            fields.problem(f"{name}[{number}]", f"{host} is in this list twice")
