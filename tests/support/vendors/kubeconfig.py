"""A kubeconfig for the played cluster."""

from __future__ import annotations

import json
from typing import Any, Mapping

from .kubernetes import NAMESPACE


def kubeconfig_of(url: str, user: Mapping[str, Any], **cluster: Any) -> str:
    """A kubeconfig with one context, `shop`; JSON is YAML."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "shop",
            "contexts": [
                {
                    "name": "shop",
                    "context": {"cluster": "c", "user": "robot", "namespace": NAMESPACE},
                }
            ],
            "clusters": [{"name": "c", "cluster": {"server": url, **cluster}}],
            "users": [{"name": "robot", "user": dict(user)}],
        }
    )
