"""Where a cluster is and as whom it is asked: out of a kubeconfig, an address with a token, or what
Kubernetes puts into every pod.

What would weaken a connection, or is not understood, is refused by name: a key that is passed over
in silence could make opsroom someone else, or trust anyone.
"""

from __future__ import annotations

import os
from typing import IO, Any, List, Mapping, NamedTuple, Tuple

from ...errors import Code, Failure
from ...http.content import at, list_at, object_at, text_at
from ...names import available_text, nearest, shown
from . import ENCRYPTED, Access
from .credentials import Fixed, Login, Source, TokenFile, decoded, path_of, unnamed

# What Kubernetes puts into a pod (its documentation, "Accessing the Kubernetes API from a Pod").
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

_CLUSTER_REFUSED = {
    "insecure-skip-tls-verify": "it would trust any server; put the cluster's CA into "
    "certificate-authority or certificate-authority-data instead",
    "proxy-url": "set the environment variable HTTPS_PROXY for the runner instead",
}
_USER_REFUSED = {
    "username": "Kubernetes has had no passwords since 1.19; use a token or a certificate",
    "password": "Kubernetes has had no passwords since 1.19; use a token or a certificate",
    "auth-provider": "kubectl dropped it in 1.26; use the exec plugin that took its place",
    "as": "give the account the rights itself instead",
    "as-uid": "give the account the rights itself instead",
    "as-groups": "give the account the rights itself instead",
    "as-user-extra": "give the account the rights itself instead",
}


class Connection(NamedTuple):
    """Where and as whom: `ca` is the path of a CA file or empty, `namespace` the one to use where
    the config names none. `server_name` is the name in the server's certificate, where it is not
    that of the address. `files` are kept open as long as the connection is used."""

    url: str
    source: Source
    ca: str = ""
    namespace: str = "default"
    server_name: str = ""
    files: Tuple[IO[bytes], ...] = ()


def connection(access: Access, key: str) -> Connection:
    """What the config says, with the files that it names read. `key` is its place in the config.

    Raises Failure(settings_invalid) for what is missing, wrong or refused.
    """
    if access.kubeconfig:
        return _Kubeconfig(access.kubeconfig).connection(access.context)
    if access.url:
        source: Source = TokenFile(access.token_file)
        if access.token:
            source = Fixed(Login(access.token), f"{key}.token")
        return Connection(access.url, source, access.verify)
    return _in_cluster(key)


def _in_cluster(key: str) -> Connection:
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise _wrong(
            f"{key} has neither a kubeconfig nor a url, and opsroom does not run in a pod "
            "(KUBERNETES_SERVICE_HOST is not set)."
        )
    namespace = "default"
    try:
        with open(f"{SERVICE_ACCOUNT}/namespace", encoding="utf-8") as file:
            namespace = file.read().strip() or namespace
    except OSError:
        pass  # a token alone may be mounted
    host = f"[{host}]" if ":" in host else host
    return Connection(
        f"https://{host}:{port}",
        TokenFile(f"{SERVICE_ACCOUNT}/token"),
        f"{SERVICE_ACCOUNT}/ca.crt",
        namespace,
    )


class _Kubeconfig:
    """One kubeconfig."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._folder = os.path.dirname(path)
        self._content = self._read()
        self._files: List[IO[bytes]] = []

    def connection(self, name: str) -> Connection:
        """That of the named context, or of the current one where the name is empty."""
        name = name or text_at(self._content, "current-context")
        if not name:
            raise self._wrong("names no current-context; put a context into the config")
        context = self._named("contexts", "context", name)
        cluster = self._named("clusters", "cluster", text_at(context, "cluster"))
        user = self._named("users", "user", text_at(context, "user"))
        self._refuse(cluster, _CLUSTER_REFUSED)
        self._refuse(user, _USER_REFUSED)
        url = text_at(cluster, "server").rstrip("/")
        if not ENCRYPTED.match(url):
            raise self._wrong("has a cluster whose server is no https address")
        authority = self._file(cluster, "certificate-authority")
        source = self._source(user, cluster, url)
        namespace = text_at(context, "namespace") or "default"
        name = text_at(cluster, "tls-server-name")
        return Connection(url, source, authority, namespace, name, tuple(self._files))

    def _source(self, user: Mapping[str, Any], cluster: Mapping[str, Any], url: str) -> Source:
        # The order is that of client-go; a file with a token counts before a token.
        if text_at(user, "tokenFile"):
            return TokenFile(self._full(text_at(user, "tokenFile")))
        if text_at(user, "token"):
            return Fixed(Login(text_at(user, "token")), self._path)
        certificate = self._file(user, "client-certificate")
        key = self._file(user, "client-key", secret=True)
        if certificate and key:
            return Fixed(Login(certificate=certificate, key=key), self._path)
        if certificate or key:
            raise self._wrong("has a client certificate without its key, or a key without one")
        if object_at(user, "exec"):
            from .plugin import Plugin  # what runs programs is for the few kubeconfigs that need it

            authority = text_at(cluster, "certificate-authority-data")
            known = {"server": url, "certificate-authority-data": authority}
            return Plugin(object_at(user, "exec"), known, self._folder)
        raise self._wrong("has a user with neither a token, a client certificate nor an exec")

    def _read(self) -> Any:
        import yaml  # a kubeconfig is read by few commands

        try:
            with open(self._path, encoding="utf-8") as file:
                return yaml.safe_load(file)
        except OSError as error:
            raise self._wrong(f"cannot be read ({error.strerror})") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            # Its own words may quote what is there.
            raise self._wrong("is no YAML") from error

    def _named(self, section: str, key: str, name: str) -> Mapping[str, Any]:
        """What is under a name: a kubeconfig has lists of names and contents."""
        every = {text_at(one, "name"): one for one in list_at(self._content, section)}
        if name in every:
            return object_at(every[name], key)
        near = nearest(name, every, most=1)
        hint = f"Did you mean {near[0]}?" if near else available_text(every) if every else ""
        raise _wrong(f"The kubeconfig '{self._path}' has no {key} {shown(name)}.", hint)

    def _refuse(self, found: Mapping[str, Any], refused: Mapping[str, str]) -> None:
        for key, instead in refused.items():
            if found.get(key):
                raise self._wrong(f"has '{key}', which is not supported: {instead}")

    def _file(self, found: Mapping[str, Any], key: str, secret: bool = False) -> str:
        """The path of a file that is named, or holds what is inline; empty where there is neither.
        What is inline counts first, as it does for client-go."""
        inline = at(found, f"{key}-data")
        if not inline:
            path = text_at(found, key)
            return self._checked(self._full(path), key, secret) if path else ""
        content = decoded(inline) if isinstance(inline, str) else None
        if content is None:
            raise self._wrong(f"has a '{key}-data' that is no base64")
        self._files.append(unnamed(content))
        return self._checked(path_of(self._files[-1]), f"{key}-data", secret)

    def _checked(self, path: str, key: str, secret: bool) -> str:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise self._wrong(f"has a '{key}' that cannot be read ({error.strerror})") from error
        if secret and b"ENCRYPTED" in content:
            # OpenSSL would ask for the passphrase on a terminal.
            raise self._wrong(f"has a '{key}' with a passphrase; use a key without one")
        return path

    def _full(self, path: str) -> str:
        return os.path.join(self._folder, path)

    def _wrong(self, what: str) -> Failure:
        return _wrong(f"The kubeconfig '{self._path}' {what}.")


def _wrong(message: str, hint: str = "") -> Failure:
    return Failure(Code.SETTINGS_INVALID, message, hint, {"sent": False})
