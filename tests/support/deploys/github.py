"""The deploy kind github at the played GitHub."""

from __future__ import annotations

from typing import Any, Dict, List

from support.contracts.vendor import body_of
from support.deploys.sites import Site

LINK = "https://github.com/acme/web/actions/runs/4711"


def dispatched(site: Site) -> List[Dict[str, Any]]:
    """The bodies of all requests to start something."""
    return [body_of(one) for one in site.posts if one.path.endswith("/dispatches")]
