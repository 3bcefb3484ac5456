"""What the messages of the OpenSSH client mean, in plain words: which host, what happened, and what
an administrator does.

ssh ends with 255 for everything that keeps it from running a command, so its messages are all that
distinguishes one from another. They are not translated.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

from ...errors import Code, Failure
from ...text import one_line
from . import port_of, without_port


class Trouble(str, Enum):
    """Why a command was not run on a host, or why its answer is missing."""

    KEY_CHANGED = "host_key_changed"
    UNKNOWN_HOST = "unknown_host"
    DENIED = "permission_denied"
    NO_NAME = "no_such_name"
    REFUSED = "connection_refused"
    NO_ROUTE = "no_route"
    SILENT = "no_answer"
    DROPPED = "dropped_before_login"
    SETTINGS = "settings"
    LOGIN = "no_shell"
    LOST = "connection_lost"

    @property
    def passes(self) -> bool:
        """Whether it may pass without anyone doing something. Logging in again after the others
        only makes a host lock this one out (PerSourcePenalties of OpenSSH 9.8)."""
        return self in _PASSING


_PASSING = (
    Trouble.NO_NAME,
    Trouble.REFUSED,
    Trouble.NO_ROUTE,
    Trouble.SILENT,
    Trouble.DROPPED,
    Trouble.LOST,
)


class _Meaning(NamedTuple):
    """`words` are in a message, in lower case. `text` goes behind the host's name. In `hint`,
    `{host}` is the host, `{login}` and `{scan}` are the arguments of ssh and ssh-keyscan for it,
    `{known}` is its name in known_hosts."""

    words: Tuple[str, ...]
    trouble: Trouble
    code: Code
    text: str
    hint: str = ""


# The first that fits counts, so those that come with others stand before them.
_MEANINGS = (
    _Meaning(
        ("remote host identification has changed", "has changed and you have requested strict"),
        Trouble.KEY_CHANGED,
        Code.UNREACHABLE,
        "has another host key than this runner knows: it was set up anew, or someone stands in "
        "between. Nothing was sent",
        "An administrator compares it with the host's own (ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub there) and replaces it: ssh-keygen -R {known}",
    ),
    _Meaning(
        ("host key is known for", "host key verification failed"),
        Trouble.UNKNOWN_HOST,
        Code.UNREACHABLE,
        "is not among the known hosts of this runner",
        "An administrator compares its key with the host's own and adds it to known_hosts: "
        "ssh-keyscan {scan}",
    ),
    _Meaning(
        ("permission denied (", "too many authentication failures"),
        Trouble.DENIED,
        Code.UNAUTHORIZED,
        "does not let this runner in (permission denied)",
        "An administrator adds the runner's public key to authorized_keys on {host}, or names "
        "another user or identity.",
    ),
    _Meaning(
        ("could not resolve hostname",),
        Trouble.NO_NAME,
        Code.UNREACHABLE,
        "is unreachable (host name not found in DNS)",
    ),
    _Meaning(
        ("connection refused",),
        Trouble.REFUSED,
        Code.UNREACHABLE,
        "is unreachable (connection refused)",
    ),
    _Meaning(
        ("no route to host", "network is unreachable"),
        Trouble.NO_ROUTE,
        Code.UNREACHABLE,
        "is unreachable (no route to host)",
    ),
    _Meaning(
        ("connection timed out", "operation timed out"),
        Trouble.SILENT,
        Code.TIMED_OUT,
        "is unreachable (no answer)",
    ),
    _Meaning(
        ("kex_exchange_identification", "connection closed by ", "connection reset by "),
        Trouble.DROPPED,
        Code.UNREACHABLE,
        "closes connections before the login",
        "It may limit this runner: an administrator looks for MaxStartups and PerSourcePenalties "
        "in the log of its sshd.",
    ),
    _Meaning(
        (
            "bad configuration option",
            "can't open user config",
            "bad owner or permissions",
            "unprotected private key file",
            "no matching ",
            "terminating,",
            "unsupported option",
            "controlpath",
        ),
        Trouble.SETTINGS,
        Code.UNREACHABLE,
        "cannot be reached with these settings of ssh",
        "An administrator tries as the runner's user: ssh {login} true",
    ),
)


def failure_of(host: str, lines: Sequence[str], status: int) -> Failure:
    """The failure that the messages of ssh mean, where a host gave no answer.

    `lines` is what ssh wrote, `status` how it ended. The fact `sent` says whether the command may
    have begun there; `trouble` is a value of Trouble.
    """
    failure = known_failure(host, lines)
    if failure is not None:
        return failure
    if status != 255:
        text = _last(lines)
        return _failure(
            Code.BAD_ANSWER,
            f"{host} runs no commands for this user" + (f": {text}." if text else "."),
            "An administrator gives the user a shell there, and tries: ssh "
            f"{_arguments(host)['login']} true",
            host,
            Trouble.LOGIN,
            sent=False,
        )
    text = f" ({_last(lines)})" if lines else ""
    return _failure(
        Code.UNREACHABLE, f"The connection to {host} was lost{text}.", "", host, Trouble.LOST, True
    )


def known_failure(host: str, lines: Sequence[str]) -> Optional[Failure]:
    """The failure that the messages of ssh mean, where they say why there was no login; None where
    they do not. Also for programs that run ssh, such as git."""
    whole = "\n".join(lines).lower()
    for meaning in _MEANINGS:
        if any(words in whole for words in meaning.words):
            quoted = f": {_last(lines)}" if meaning.trouble is Trouble.SETTINGS else ""
            message = f"{host} {meaning.text}{quoted}."
            hint = meaning.hint.format(host=host, **_arguments(host))
            return _failure(meaning.code, message, hint, host, meaning.trouble, sent=False)
    return None


def late(host: str, seconds: float) -> Failure:
    """The failure of a host that let someone in, and then gave no answer."""
    message = f"{host} did not answer within {seconds:g} s."
    return _failure(Code.TIMED_OUT, message, "", host, Trouble.LOST, sent=True)


def _arguments(host: str) -> Dict[str, str]:
    """How the programs of OpenSSH want a host: only in known_hosts a port stands behind it."""
    port, name = port_of(host), without_port(host)
    user, at, _ = host.rpartition("@")
    option = f"-p {port} " if port else ""
    return {
        "login": f"{option}{user}{at}{name}",
        "scan": f"{option}{name}",
        "known": f"'[{name}]:{port}'" if port else name,
    }


def trouble_of(failure: Failure) -> Trouble:
    """What kept the answer away."""
    return Trouble(failure.facts.get("trouble", Trouble.SETTINGS.value))


def _failure(
    code: Code, message: str, hint: str, host: str, trouble: Trouble, sent: bool
) -> Failure:
    facts: Dict[str, Any] = {"host": host, "trouble": trouble.value, "sent": sent}
    return Failure(code, message, hint, facts)


def _last(lines: Sequence[str]) -> str:
    return one_line(lines[-1], 160).rstrip(".") if lines else ""
