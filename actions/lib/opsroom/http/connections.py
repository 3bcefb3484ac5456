"""Connections to a server, on urllib3: proxies and authorities as the environment names them.

`requests` does the same and costs an action a quarter of an empty one more; what it does on top
(redirects, cookies, ~/.netrc, retries) is what `HttpClient` has to keep it from. The figures are in
docs/adr/0015-urllib3.md.
"""

from __future__ import annotations

import ipaddress
import json as json_module
import os
import threading
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)
from urllib.parse import unquote, urlencode

from ..errors import Code, Failure
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .errors import MalformedRequest

if TYPE_CHECKING:
    import ssl

    import urllib3

Params = Union[Mapping[str, str], Sequence[Tuple[str, str]]]
Data = Union[bytes, str, Mapping[str, str]]

CHUNK = 16384
_HEADER_NAME = lazy_pattern(r"[^:\s][^:\r\n]*")
_HEADER_VALUE = lazy_pattern(r"(?:\S[^\r\n]*)?")
# Contexts by the file of their authorities, with what says that it is the same file still. To read
# the bundle of all public authorities takes 20 ms, and a sensor connects a thousand times a minute.
_contexts: Dict[str, Tuple[Tuple[int, ...], ssl.SSLContext]] = {}
# Many places are asked at once: one of the threads reads for all.
_reading = threading.Lock()


@dataclass(frozen=True)
class Tls:
    """Whom to trust, and as whom to appear.

    `verify` is the path of a CA file; without it those of the environment or all public authorities
    count. `server_name` is the name in the server's certificate, where that is not the one in the
    address. `certificate` and `key` are the paths of the client's own.
    """

    verify: str = ""
    server_name: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True)
class Received:
    """A response whose body is not read yet: its parts come decompressed from `parts`. `close` ends
    the connection, unless the body was read to its end."""

    status: int
    headers: Mapping[str, str]
    parts: Iterable[bytes]
    close: Callable[[], None]


class Connections:
    """The connections of one client. They are kept open for its next request."""

    def __init__(self, tls: Tls) -> None:
        import logging

        import urllib3

        # Below ERROR it writes addresses with their query, where some services want the token.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self.tls = tls
        self._urllib3 = urllib3
        self._managers: Dict[Tuple[str, bool], urllib3.PoolManager] = {}

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Optional[Params],
        json: Any,
        data: Optional[Data],
        limits: Tuple[float, float],
    ) -> Received:
        """Send one request, once, and follow no redirect.

        `limits` are seconds to connect and between two parts of the response. Raises the errors of
        urllib3, http.client and ssl, MalformedRequest, and Failure(unreachable) where the
        environment names a CA file that does not exist.
        """
        body, content_type = _body(json, data)
        address = self._urllib3.util.parse_url(_with_params(url, params))._replace(fragment=None)
        if address.scheme not in ("http", "https") or not address.host:
            raise MalformedRequest("an address that is neither http nor https")
        # As requests, which servers know: urllib3 alone sends no Accept, and asks for no
        # compression.
        compressions = self._urllib3.util.make_headers(accept_encoding=True)["accept-encoding"]
        every = {"Accept-Encoding": compressions, "Accept": "*/*", "Connection": "keep-alive"}
        if content_type:
            every["Content-Type"] = content_type
        response = self._manager(address.scheme, address.host, address.port).urlopen(
            method,
            address.url,
            body=body,
            headers=_headers(every, headers),
            redirect=False,
            retries=False,
            timeout=self._urllib3.Timeout(connect=limits[0], read=limits[1]),
            preload_content=False,
            decode_content=False,
        )
        # urllib3 1.26, which StackStorm 3.8 brings, takes half a body for a whole one unless it is
        # told not to.
        response.enforce_content_length = True  # type: ignore[attr-defined]
        return Received(
            response.status,
            dict(response.headers.items()),
            response.stream(CHUNK, decode_content=True),
            response.close,
        )

    def _manager(self, scheme: str, host: str, port: Optional[int]) -> urllib3.PoolManager:
        secure = scheme == "https"
        proxy = proxy_for(scheme, host.strip("[]"), port or (443 if secure else 80))
        manager = self._managers.get((proxy, secure))
        if manager is None:
            options = self._options() if secure else {}
            manager = (
                self._through(proxy, options) if proxy else self._urllib3.PoolManager(**options)
            )
            self._managers[(proxy, secure)] = manager
        return manager

    def _options(self) -> Dict[str, Any]:
        tls = self.tls
        options: Dict[str, Any] = {"cert_reqs": "CERT_REQUIRED"}
        if tls.server_name:
            options.update(server_hostname=tls.server_name, assert_hostname=tls.server_name)
        if tls.certificate:
            options.update(cert_file=tls.certificate, key_file=tls.key or None)
        # Both of them change the context that they are used with.
        own = bool(tls.server_name or tls.certificate)
        options["ssl_context"] = _context(tls.verify) if own else _shared_context(tls.verify)
        return options

    def _through(self, proxy: str, options: Dict[str, Any]) -> urllib3.PoolManager:
        address = self._urllib3.util.parse_url(proxy)
        user, colon, password = (address.auth or "").partition(":")
        user, password = unquote(user), unquote(password)
        if proxy.lower().startswith("socks"):
            try:
                from urllib3.contrib.socks import SOCKSProxyManager
            except ImportError:
                raise MalformedRequest("PySocks is not installed") from None
            return SOCKSProxyManager(proxy, username=user or None, password=password, **options)
        more: Dict[str, Any] = dict(options)
        if "ssl_context" in options:
            more["proxy_ssl_context"] = options["ssl_context"]
        if colon or user:
            more["proxy_headers"] = self._urllib3.util.make_headers(
                proxy_basic_auth=f"{user}:{password}"
            )
        return self._urllib3.ProxyManager(proxy, **more)


def _body(json: Any, data: Optional[Data]) -> Tuple[Optional[bytes], str]:
    """The body of a request and its media type; empty where the body does not say."""
    if data:
        if isinstance(data, Mapping):
            return urlencode(data).encode("ascii"), "application/x-www-form-urlencoded"
        return (data.encode("utf-8") if isinstance(data, str) else data), ""
    if json is None:
        return None, ""
    return json_module.dumps(json, allow_nan=False).encode("utf-8"), "application/json"


def _with_params(url: str, params: Optional[Params]) -> str:
    if not params:
        return url
    before, hash_, fragment = url.partition("#")
    joint = "&" if before.partition("?")[2] else "" if before.endswith("?") else "?"
    return f"{before}{joint}{urlencode(params)}{hash_}{fragment}"


def _headers(every: Mapping[str, str], own: Mapping[str, str]) -> Dict[str, str]:
    for name, value in own.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise MalformedRequest("a header with a line break or a leading blank")
    given = {name.lower() for name in own}
    return {**{name: value for name, value in every.items() if name.lower() not in given}, **own}


def _authorities(verify: str) -> str:
    """The path of the CA file, or of a folder of them."""
    if verify:
        return verify
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(name)
        if path and not os.path.exists(path):
            message = f"The CA file '{path}' of {name} does not exist, so no server can be trusted."
            raise Failure(Code.UNREACHABLE, message, facts={"sent": False})
        if path:
            return path
    import certifi

    return certifi.where()


def _shared_context(verify: str) -> ssl.SSLContext:
    path = _authorities(verify)
    found = os.stat(path)
    mark = (found.st_ino, found.st_size, found.st_mtime_ns)
    with _reading:
        kept = _contexts.get(path)
        if kept is None or kept[0] != mark:
            kept = _contexts[path] = (mark, _context(path))
        return kept[1]


def _context(verify: str) -> ssl.SSLContext:
    from urllib3.util.ssl_ import create_urllib3_context

    path, context = _authorities(verify), create_urllib3_context()
    if os.path.isdir(path):
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    return context


def proxy_for(scheme: str, host: str, port: int) -> str:
    """The address of the proxy of the environment for a host; empty where there is none.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name it, in either case; an address without a scheme
    is one of http. `NO_PROXY` names hosts and domains, also with a port, addresses, and networks of
    IPv4 (`10.0.0.0/8`); `*` stands for all.
    """
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""  # what the import below costs is for those who have one
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    # Python itself reads names and addresses there, but no networks.
    if not proxy or proxy_bypass(host) or proxy_bypass(f"{host}:{port}") or _excepted(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepted(host: str) -> bool:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return any(address in network for network in _networks())


def _networks() -> Iterator[ipaddress.IPv4Network]:
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for entry in named.split(","):
        try:
            yield ipaddress.IPv4Network(entry.strip(), strict=False)
        except ValueError:
            continue  # a name
