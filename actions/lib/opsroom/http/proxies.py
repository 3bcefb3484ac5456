"""Which proxy of the environment a request goes through: as `requests` reads the same variables."""

from __future__ import annotations

import ipaddress
import os
from typing import List


def proxy_for(scheme: str, host: str, port: int) -> str:
    """The address of the proxy for a host; empty where there is none.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name it, in either case; an address without a scheme
    is one of http. `NO_PROXY` has names that a host ends in, also with a port, and addresses and
    networks (`10.0.0.0/8`) of IPv4.
    """
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""  # what the import below costs is for those who have one
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or _excepted(host, port) or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepted(host: str, port: int) -> bool:
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = [one for one in named.replace(" ", "").split(",") if one]
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return any(host.endswith(one) or f"{host}:{port}".endswith(one) for one in entries)
    return any(address in network for network in _networks(entries))


def _networks(entries: List[str]) -> List[ipaddress.IPv4Network]:
    found = []
    for entry in entries:
        try:
            found.append(ipaddress.IPv4Network(entry, strict=False))
        except ValueError:
            continue  # a name
    return found
