"""What the messages of git mean when a repository cannot be fetched, in plain words: which host,
what happened, and what an administrator does.

git ends with 128 for everything, so its messages are all that distinguishes one from another. What
ssh writes is among them; `vendors/ssh/errors` knows what that means. The texts are those of git
2.39 (http.c, remote-curl.c, fetch-pack.c) with libcurl, under LC_ALL=C.
"""

from __future__ import annotations

from typing import NamedTuple, Pattern, Sequence

from ...errors import Code, Failure
from ...secrets import redact, shown_url
from ...structs.patterns import lazy_pattern
from ...text import one_line
from ...vendors.ssh.errors import Trouble, known_failure

_URL = lazy_pattern(r"^(?P<scheme>https?|ssh|git)://(?:[^/@\s]*@)?(?P<host>[^/\s?#]*)")
# host:path, with or without a user.
_SCP = lazy_pattern(r"^(?:[^/@:\s]*@)?(?P<host>[^/@:\s]+):")
_REDIRECT = lazy_pattern(r"(?m)^\s*redirect: (\S+)")
# The repository was found, and what it sent has no end.
_BROKEN = lazy_pattern(r"(?i)early eof|unexpected disconnect|rpc failed")
_STATUS = lazy_pattern(r"requested URL returned error: (\d{3})")
_DENIED = lazy_pattern(r"(?i)permission denied \(|access denied")
# What git adds to every reason, and is none.
_EMPTY_WORDS = lazy_pattern(
    r"Could not read from remote repository|correct access rights|and the repository exists"
)


_PREFIX = lazy_pattern(r"^fatal: (?:unable to access '[^']*': )?")


class _Meaning(NamedTuple):
    """`words` are in git's messages. `text` and `hint` may hold `{host}`."""

    words: Pattern[str]
    code: Code
    text: str
    hint: str = ""


_HELPER = (
    "An administrator gives the user of the runner a credential helper with the right password"
)
# The first that fits counts.
_MEANINGS = (
    _Meaning(
        lazy_pattern(r"(?i)could not read (?:username|password)|terminal prompts disabled"),
        Code.UNAUTHORIZED,
        "{host} asks for a password, and this runner has none for it",
        f"{_HELPER}. Some hosts ask for one when there is no such repository.",
    ),
    _Meaning(
        lazy_pattern(r"(?i)authentication failed for|returned error: 401"),
        Code.UNAUTHORIZED,
        "{host} does not accept the password of this runner",
        f"{_HELPER}, or corrects it in the address. After a redirect to another host, that "
        "address is the one to name.",
    ),
    _Meaning(
        lazy_pattern(r"returned error: 403"),
        Code.UNAUTHORIZED,
        "{host} forbids it (status 403)",
        "An administrator lets the user whose password the runner has read the repository.",
    ),
    _Meaning(
        lazy_pattern(
            r"repository '\S+' not found|returned error: 404|does not appear to be a git repo"
            r"|ERROR: Repository not found|could not be found or you don't have permission"
        ),
        Code.UNREACHABLE,
        "{host} has no such repository, or does not show it to this runner",
        "An administrator compares the address with that at the host, and checks that the user "
        "of the runner may read it.",
    ),
    _Meaning(
        lazy_pattern(r"returned error: 429"),
        Code.UNREACHABLE,
        "{host} is rate-limiting opsroom",
        "Try again in a few minutes.",
    ),
    _Meaning(
        lazy_pattern(r"returned error: 407"),
        Code.UNREACHABLE,
        "the proxy on the way to {host} asks for a password",
        "An administrator sets http.proxy in the git config of the runner's user.",
    ),
    _Meaning(
        lazy_pattern(r"returned error: 5\d\d"),
        Code.UNREACHABLE,
        "{host} is in trouble (status {status})",
        "Try again later.",
    ),
    _Meaning(
        lazy_pattern(r"unable to update url base from redirection"),
        Code.UNREACHABLE,
        "{host} redirects to {redirect}, where there is no repository; often it is a login page",
        "An administrator names the address of the repository that needs no login in a browser.",
    ),
    _Meaning(
        lazy_pattern(r"not valid: (?:is this a git repository|could not determine hash algorithm)"),
        Code.BAD_ANSWER,
        "{host} answers with something else than a repository, such as a login page",
        "An administrator opens the address in a browser, and corrects it in the config.",
    ),
    _Meaning(
        lazy_pattern(r"(?i)could not resolve host\b|unable to look up"),
        Code.UNREACHABLE,
        "{host} is unreachable (host name not found in DNS)",
        "An administrator checks the address, and the DNS of the runner.",
    ),
    _Meaning(
        lazy_pattern(r"(?i)certificate|SSL connect error|gnutls_handshake"),
        Code.UNREACHABLE,
        "the certificate of {host} is not accepted ({reason})",
        "An administrator has the user of the runner trust its issuer: git config --global "
        "http.https://{host}/.sslCAInfo FILE",
    ),
    _Meaning(
        lazy_pattern(r"(?i)empty reply from server|recv failure|connection reset by peer"),
        Code.UNREACHABLE,
        "{host} breaks connections off before it answers",
        "Try again later.",
    ),
    _Meaning(
        lazy_pattern(r"(?i)failed to connect to|couldn't connect|connection refused"),
        Code.UNREACHABLE,
        "{host} is unreachable (nobody answers at this address and port)",
        "Try again when it is up, or let an administrator check the address.",
    ),
)
_BROKE_OFF = "the connection to {host} broke off"
_SSH_HINTS = {
    Trouble.DENIED: "An administrator adds the public key of the runner's user at {host}, as a "
    "deploy key or in authorized_keys, or names another user in the address.",
    Trouble.REFUSED: "Try again when it is up, or let an administrator check the address.",
    Trouble.NO_NAME: "An administrator checks the address, and the DNS of the runner.",
}


class Fault(NamedTuple):
    """Why a repository was not fetched. `elsewhere` is true where the cause surely lies with the
    repository's host, and a new mirror would not help."""

    failure: Failure
    elsewhere: bool


def fault_of(address: str, lines: Sequence[str], status: int) -> Fault:
    """What kept git from fetching.

    `address` is the repository's, with credentials or without; `lines` is what git wrote to
    standard error, `status` how it ended. The sentence shows no credentials. The codes are
    unreachable, unauthorized, bad_answer, timed_out.
    """
    whole, host, shown = "\n".join(lines), host_of(address), redact(address)
    if _BROKEN.search(whole) and not _STATUS.search(whole):
        return _fault(shown, Code.UNREACHABLE, _BROKE_OFF.format(host=host), "Try again.", False)
    if _is_ssh(address):
        failure = known_failure(host, lines)
        if failure is not None:
            trouble = Trouble(failure.facts["trouble"])
            hint = _SSH_HINTS[trouble].format(host=host) if trouble in _SSH_HINTS else failure.hint
            return _fault(shown, failure.code, failure.message.rstrip("."), hint, True)
    if host:
        for meaning in _MEANINGS:
            if meaning.words.search(whole):
                status_code, redirect = _STATUS.search(whole), _REDIRECT.search(whole)
                text = meaning.text.format(
                    host=host,
                    status=status_code.group(1) if status_code else "",
                    redirect=one_line(shown_url(redirect.group(1)))
                    if redirect
                    else "another address",
                    reason=reason_of(lines, status).rstrip("."),
                )
                return _fault(shown, meaning.code, text, meaning.hint.format(host=host), True)
    code = Code.UNAUTHORIZED if _DENIED.search(whole) else Code.UNREACHABLE
    return _fault(shown, code, reason_of(lines, status).rstrip("."), "", False)


def nothing_served(address: str) -> Failure:
    """The failure of a web server that has no branch and no tag to offer: git takes a page without
    line ends for such a repository."""
    host = host_of(address)
    message = (
        f"The repository {redact(address)} has no branches and no tags: {host} serves an empty "
        "repository, or something else, such as a login page."
    )
    hint = "An administrator opens the address in a browser, and corrects it in the config."
    return Failure(Code.BAD_ANSWER, message, hint, {"host": host})


def host_of(address: str) -> str:
    """The host of a repository's address, with its port; empty for a path."""
    if address.startswith("/"):
        return ""
    found = _URL.match(address) or (None if "://" in address else _SCP.match(address))
    return found.group("host") if found else ""


def is_web(address: str) -> bool:
    """Whether a web server serves the repository."""
    return address.startswith(("https://", "http://"))


def reason_of(lines: Sequence[str], status: int) -> str:
    """What git said, in one line, without credentials."""
    words = [line for line in lines if not _EMPTY_WORDS.search(line)] or [
        f"git ended with status {status}"
    ]
    fatal = [
        line for line in words if line.startswith(("fatal:", "ERROR:", "remote: ERROR"))
    ] or words
    return one_line(redact(_PREFIX.sub("", fatal[-1])), 300).rstrip(".") + "."


def _is_ssh(address: str) -> bool:
    found = _URL.match(address)
    return found.group("scheme") == "ssh" if found else bool(host_of(address))


def _fault(shown: str, code: Code, text: str, hint: str, elsewhere: bool) -> Fault:
    verb = "refuses access" if code is Code.UNAUTHORIZED else "cannot be fetched"
    return Fault(Failure(code, f"The repository {shown} {verb}: {text}.", hint), elsewhere)
