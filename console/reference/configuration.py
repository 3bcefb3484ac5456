"""The page of the config: every key of config.schema.yaml, with what its reader says of type,
default and limits. The kinds have pages of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import yaml

from opsroom.commands import KINDS
from opsroom.config import read
from opsroom.secrets import is_secret

from .. import PACK
from . import examples
from .declarations import ANY, Key, Noting, one_of
from .kinds import default_of
from .markdown import code, links, marked, page, sentence, table

SCHEMA = PACK / "config.schema.yaml"
# Where a section is explained, as from docs/.
GUIDES: Mapping[str, Sequence[str]] = {
    "": ("configuration.md",),
    "relay_keys": ("configuration.md#relay_keys", "chat.md#the-script-of-relays"),
    "progress": ("commands.md#how-an-answer-reads",),
    "people": ("configuration.md#people-and-groups", "second-factor.md", "cards.md#in-whose-name"),
    "groups": ("configuration.md#people-and-groups",),
    "environments": ("configuration.md#environments", "production.md"),
    "environments.freezes": ("configuration.md#freezes",),
    "environments.apps": ("configuration.md#rules-for-one-application",),
    "apps": ("deploying.md", "versions.md", "workflows.md#release"),
    "sets": ("commands.md#several-at-once",),
    "trackers": ("cards.md",),
    "pagers": ("paging.md",),
    "teams": ("paging.md#which-pager",),
    "page_limit": ("paging.md#limits",),
    "webhooks": ("rules.md#deploy_github_releases",),
    "ledger": ("compliance.md#retention", "installing.md#archives"),
    "audit": ("rules.md#page_on_broken_record",),
    "watching": ("sensors.md",),
    "incidents": ("workflows.md#declare_incident-and-close_incident",),
    "metrics": ("metrics.md#prometheus",),
    "board": ("board.md",),
}
_NAMES = {"environments": "environment", "apps": "application"}
_WITHOUT = re.compile(r"\s*Without (?:it|one), ((?:[^.]|\.(?! |$))*)\.")
_SORTS = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}
# These have pages of their own for what is below a name.
_KIND_PAGES = {
    "apps.deploy": "deploy-kinds.md",
    "apps.version": "version-kinds.md",
    "trackers": "trackers.md",
    "pagers": "pagers.md",
}
_HOW_TO_READ = """\
## How to read the tables

- A **length of time** is a text: `30s`, `5m`, `2h`, `1d`.
- A **secret** may come from StackStorm's datastore, `"{{ st2kv.system.NAME }}"`, and is masked in
  every answer: see [secrets](../configuration.md#secrets).
- **May hold** names the placeholders that are filled in. Nothing else in braces is taken.
- **Default** is what counts where the key is left out; "none" means that there is nothing then. A
  key that is there has a value: see [nothing is left
  empty](../configuration.md#nothing-is-left-empty).
- `NAME` stands for a name that you choose: letters, digits, dots, dashes and underscores, up to 64.
- The examples are parts of [`opsroom.yaml.example`](../../opsroom.yaml.example)."""


def configuration_page() -> str:
    """The page."""
    keys = declared()
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    parts = [
        "Every key of `opsroom.yaml`. How the file is written and checked, and what its parts are "
        "for, is explained in [configuration](../configuration.md).",
        _HOW_TO_READ,
        "## Top level",
        table(_HEAD, _rows(schema, (), keys, at_top=True)),
        examples.top(
            [name for name in schema if not isinstance(_example(name), (dict, type(None)))]
        ),
    ]
    for name, one in schema.items():
        if one.get("type") == "object":
            parts += _section(name, one, keys)
    source = "config.schema.yaml, the readers of the config and opsroom.yaml.example"
    return page("Configuration: reference", source, parts)


def declared() -> Dict[Tuple[str, ...], Key]:
    """What the readers of the config ask for, by path."""
    found: Dict[Tuple[str, ...], Key] = {}
    raw = examples.values()
    read(Noting(raw, "", (), found), KINDS)
    names = {one_of(list(raw[what])): word for what, word in _NAMES.items()}
    return {
        path: replace(
            key,
            type=names.get(key.type, key.type),
            required=key.required and not key.looked_at,
            # Their defaults are their own names.
            default="" if path == ("people", ANY, "st2") else key.default,
        )
        for path, key in found.items()
    }


_HEAD = ("Key", "Type", "Default", "Meaning")


def _section(
    name: str, schema: Mapping[str, Any], keys: Mapping[Tuple[str, ...], Key]
) -> Iterator[str]:
    yield f"## {name}"
    yield sentence(schema["description"])
    inner: Mapping[str, Any] = schema
    path: Tuple[str, ...] = (name,)
    named = schema.get("additionalProperties")
    if isinstance(named, dict):
        inner, path = named, (name, ANY)
    if name in _KIND_PAGES:
        yield f"The keys of each `kind`: [{name}]({_KIND_PAGES[name]})."
    else:
        rows = list(_rows(inner, path, keys))
        if rows:
            yield table(_HEAD, rows)
        if name == "teams":
            yield (
                "Any other key is the name of a pager: [whom to page there](pagers.md) depends on "
                "its kind."
            )
        elif not rows:
            yield f"Below each `{ANY}`: {_type_of(path, inner, None)}."
        shown = _example(name)
        if isinstance(shown, dict):
            yield _shown(name, shown)
    if name in GUIDES:
        yield f"Explained in: {links(GUIDES[name])}."
    for key, one in _below(inner).items():
        place = f"{name}.{key}"
        if place in _KIND_PAGES:
            continue
        nested = _nested(one)
        if nested is None:
            continue
        yield f"### {place}"
        yield sentence(one["description"])
        if nested == "same":
            yield f"The keys are those of [{name}](#{name}), but for `apps`."
        else:
            table_rows = list(_rows(nested, (*path, key), keys))
            yield table(_HEAD, table_rows)
        if place in GUIDES:
            yield f"Explained in: {links(GUIDES[place])}."


def _shown(name: str, value: Mapping[str, Any]) -> str:
    """An application is shown without its kinds, everything else as it is."""
    if name != "apps":
        return examples.shown((name,), (name,))
    most = max(value, key=lambda one: len(value[one]))
    plain = {key: one for key, one in value[most].items() if key not in ("deploy", "version")}
    text = yaml.safe_dump({name: {most: plain}}, default_flow_style=None, sort_keys=False)
    return f"```yaml\n{text.rstrip()}\n```"


def _nested(schema: Mapping[str, Any]) -> Any:
    """The keys below a key, where there are any: a mapping, the entries of a list, or "same" for
    the rules of an application, which are those of its environment."""
    if schema.get("type") == "array":
        items = schema.get("items") or {}
        return items if items.get("properties") else None
    if schema.get("type") == "object":
        named = schema.get("additionalProperties")
        if isinstance(named, dict) and named.get("properties"):
            return "same"
        return schema if schema.get("properties") else None
    return None


def _below(schema: Mapping[str, Any]) -> Dict[str, Any]:
    patterns = schema.get("patternProperties") or {}
    return {
        **(schema.get("properties") or {}),
        **{pattern.strip("^$"): one for pattern, one in patterns.items()},
    }


def _rows(
    schema: Mapping[str, Any],
    path: Tuple[str, ...],
    keys: Mapping[Tuple[str, ...], Key],
    at_top: bool = False,
) -> Iterator[Tuple[str, str, str, str]]:
    below = dict(schema) if at_top else _below(schema)
    for name, one in below.items():
        place = (*path, name)
        key = keys.get(place)
        kind = _KIND_PAGES.get(".".join(step for step in place if step != ANY))
        meaning = sentence(marked(one.get("description") or "", quotes=True))
        if at_top and one.get("type") == "object":
            meaning = f"{meaning} See [below](#{name})."
        elif kind:
            meaning = f"{meaning} Its keys: [by kind]({kind})."
            key = replace(key, type="mapping with `kind`") if key is not None else None
        elif _nested(one) is not None:
            anchor = ".".join(step for step in place if step != ANY).replace(".", "")
            meaning = f"{meaning} See [below](#{anchor})."
        default = _default(key, one)
        without = _WITHOUT.search(meaning)
        if without:
            default, meaning = _value(without.group(1)), _WITHOUT.sub("", meaning)
        elif at_top and one.get("type") == "object" and _has_defaults(place, keys):
            default = "as below"
        yield code(name), _type_of(place, one, key), default, meaning.strip()
    # Keys whose names the schema cannot have, since others beside them are free.
    for place, key in keys.items():
        if place[:-1] == path and place[-1] not in below and key.meaning:
            yield code(key.name), key.type, default_of(key), sentence(key.meaning)
    other = schema.get("additionalProperties") if not at_top else None
    if isinstance(other, dict) and other.get("description") and below:
        yield (
            "any other",
            _type_of((*path, "x"), other, None),
            "none",
            sentence(marked(other["description"])),
        )


def _has_defaults(path: Tuple[str, ...], keys: Mapping[Tuple[str, ...], Key]) -> bool:
    """Whether a section counts also where it is left out: its keys have defaults, and none has to
    be there."""
    inner = [key for place, key in keys.items() if place[:-1] == path]
    return any(one.default for one in inner) and not any(one.required for one in inner)


def _type_of(path: Tuple[str, ...], schema: Mapping[str, Any], key: Optional[Key]) -> str:
    sort = key.type if key is not None and key.type else ""
    if not sort or sort in ("mapping", "text"):
        wanted = schema.get("type")
        sort = sort or _SORTS.get(str(wanted), "text")
        named = schema.get("additionalProperties")
        if sort == "mapping" and isinstance(named, dict):
            inner = _SORTS.get(str(named.get("type")), "mapping")
            sort = "mapping of names" + ("" if inner == "mapping" else f" to {inner}s")
    names = tuple("x" if step == ANY else step for step in path)
    secret = is_secret(names) or is_secret((*names, "x"))
    return f"{sort}; secret" if secret else sort


def _default(key: Optional[Key], schema: Mapping[str, Any]) -> str:
    if schema.get("required") is True:
        return "required"
    return "none" if key is None else default_of(key)


def _value(text: str) -> str:
    """What follows "without it" in a description: a value, or words."""
    return code(text) if re.match(r"(?:\d+\w*|true|false|name)\Z", text) else text


def _example(name: str) -> Any:
    return examples.values().get(name)


def section_names() -> List[str]:
    """The keys at the top that have a section."""
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    return [name for name, one in schema.items() if one.get("type") == "object"]
