"""The pages of kinds: how a version gets onto an environment, how it is asked what runs, trackers
and pagers. One section for each kind, with every key that it reads."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from opsroom import deploys, pagers, trackers, versions
from opsroom.secrets import is_secret

from . import examples
from .declarations import Key, introduction, keys_of_kind
from .markdown import code, links, page, sentence, table


@dataclass(frozen=True)
class Sort:
    """A sort of providers: its page, its registry, where its kinds are in the config, and which
    guides explain each."""

    file: str
    title: str
    text: str
    registry: Any
    section: str
    part: str
    guides: Mapping[str, Sequence[str]]


SORTS = (
    Sort(
        "deploy-kinds.md",
        "Deploy kinds: reference",
        "The keys under `deploy` of an [application](configuration.md#apps), by `kind`.",
        deploys.REGISTRY,
        "apps",
        "deploy",
        {kind: (f"deploying/{kind}.md", "deploying.md") for kind in deploys.REGISTRY.kinds()},
    ),
    Sort(
        "version-kinds.md",
        "Version kinds: reference",
        "The keys under `version` of an [application](configuration.md#apps), by `kind`.",
        versions.REGISTRY,
        "apps",
        "version",
        {kind: (f"versions.md#{kind}",) for kind in versions.REGISTRY.kinds()},
    ),
    Sort(
        "trackers.md",
        "Trackers: reference",
        "The keys of a [tracker](configuration.md#trackers), by `kind`.",
        trackers.REGISTRY,
        "trackers",
        "",
        {kind: (f"trackers/{kind}.md", "cards.md") for kind in trackers.REGISTRY.kinds()},
    ),
    Sort(
        "pagers.md",
        "Pagers: reference",
        "The keys of a [pager](configuration.md#pagers), by `kind`.",
        pagers.REGISTRY,
        "pagers",
        "",
        {kind: (f"pagers/{kind}.md", "paging.md") for kind in pagers.REGISTRY.kinds()},
    ),
)  # fmt: skip


def kind_pages() -> Dict[str, str]:
    """The name of each page and its text."""
    return {sort.file: _page(sort) for sort in SORTS}


def keys_of(sort: Sort, kind: str) -> List[Key]:
    """The documented keys of a kind. What is below a mapping of names that people choose is not
    documented, and none of them."""
    places = examples.of_kind(sort.section, sort.part, kind)
    keys = keys_of_kind(sort.registry, kind, [examples.at(one) for one in places])
    return [one for one in keys if one.meaning or len(one.path) == 1]


def _page(sort: Sort) -> str:
    kinds = sort.registry.kinds()
    parts = [
        f"{sort.text} [How to read the tables](configuration.md#how-to-read-the-tables).",
        f"Kinds: {', '.join(f'[{one}](#{one})' for one in kinds)}.",
    ]
    for kind in kinds:
        parts += _section(sort, kind)
    source = "the readers of the config in actions/lib/opsroom and opsroom.yaml.example"
    return page(sort.title, source, parts)


def _section(sort: Sort, kind: str) -> Iterator[str]:
    yield f"## {kind}"
    yield introduction(_reader(sort, kind, "read_options").__doc__)
    rows = [_row(sort, kind, one) for one in keys_of(sort, kind)]
    rows.sort(key=lambda row: row[2] != "required")
    yield table(("Key", "Type", "Default", "Meaning"), rows)
    if sort.registry is pagers.REGISTRY:
        target = " ".join(
            inspect.cleandoc(_reader(sort, kind, "read_target").__doc__ or "").split()
        )
        target = f"{target[:1].lower()}{target[1:]}"
        yield f"What a [team](configuration.md#teams) names under this pager: {target}"
    # Of several examples the one with the most keys.
    places = examples.of_kind(sort.section, sort.part, kind)
    for place in sorted(places, key=lambda one: -len(examples.at(one)))[:1]:
        yield examples.shown(place, (sort.part,) if sort.part else place)
    if kind in sort.guides:
        yield f"Explained in: {links(sort.guides[kind])}."


def _row(sort: Sort, kind: str, key: Key) -> Tuple[str, str, str, str]:
    name = ".".join(key.path)
    secret = "; secret" if _is_secret(sort, kind, key) else ""
    return code(name), f"{key.type}{secret}", default_of(key), sentence(key.meaning)


def default_of(key: Key) -> str:
    """The cell of a default."""
    if key.required:
        return "required"
    if not key.default:
        return "none"
    words = re.match(r"^(?:[a-zA-Z]+('s)? )|^none|^required", key.default) or "`" in key.default
    return key.default if words else code(key.default)


def _is_secret(sort: Sort, kind: str, key: Key) -> bool:
    if kind != "pagerduty" and key.name == "routing_key":
        return False
    place = (sort.section, "x", *([sort.part] if sort.part else []), *key.path)
    return is_secret(place) or is_secret((*place, "x"))


def _reader(sort: Sort, kind: str, name: str) -> Any:
    return getattr(import_module(sort.registry._modules[kind]), name)
