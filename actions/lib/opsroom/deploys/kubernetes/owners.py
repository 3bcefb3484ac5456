"""Who else sets the image of a workload: automation that will set it back, known by the managers
that Kubernetes notes for each field."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Pattern, Tuple

from ...http.content import list_at, object_at, text_at
from ...names import listed
from ...structs.patterns import lazy_pattern
from ...vendors.kubernetes import Workload

Object = Mapping[str, Any]


class _Automation(NamedTuple):
    """`manager` matches the name in managedFields; `effect` follows its name in a sentence."""

    manager: Pattern[str]
    name: str
    effect: str


# The managers' own names; what each of them does with a field that someone else has changed.
_AUTOMATIONS = (
    _Automation(
        lazy_pattern(r"^argocd"),
        "Argo CD",
        "sets it back at its next sync, at once where it heals by itself",
    ),
    _Automation(
        lazy_pattern(r"^(kustomize-controller|helm-controller|flux)"),
        "Flux",
        "sets it back when it next reconciles",
    ),
    _Automation(lazy_pattern(r"^helm$"), "Helm", "sets it back at the next helm upgrade"),
)


def warnings(
    workload: Workload, found: Object, containers: Tuple[str, ...], in_steps: bool = False
) -> Tuple[str, ...]:
    """A sentence for each automation that manages one of these containers, or, with `in_steps`, the
    partition that holds the other pods back.

    Not only where it owns the image: the one who sets the image owns that field from then on, and
    the automation still owns the rest of the container."""
    sentences: List[str] = []
    for automation in _AUTOMATIONS:
        managed = sorted(
            {
                name
                for entry in list_at(found, "metadata", "managedFields")
                if automation.manager.match(text_at(entry, "manager"))
                for name in containers
                if _manages(entry, name)
            }
        )
        if managed:
            sentences.append(
                f"{automation.name} manages the image of {listed(managed)} in {workload} and "
                f"{automation.effect}: deploy with it, or let it ignore the image."
            )
        if in_steps and any(
            automation.manager.match(text_at(entry, "manager")) and _holds(entry)
            for entry in list_at(found, "metadata", "managedFields")
        ):
            sentences.append(
                f"{automation.name} manages the partition of {workload} and {automation.effect}: "
                "all pods would get the version then. Let it ignore the partition."
            )
    return tuple(sentences)


def _holds(entry: Object) -> bool:
    """Whether an entry has the partition of a StatefulSet."""
    strategy = object_at(entry, "fieldsV1", "f:spec", "f:updateStrategy", "f:rollingUpdate")
    return "f:partition" in strategy


def _manages(entry: Object, container: str) -> bool:
    """Whether an entry has fields of a container; in FieldsV1 its key is `k:{"name":"web"}`."""
    spec = object_at(entry, "fieldsV1", "f:spec", "f:template", "f:spec")
    key = f'k:{{"name":"{container}"}}'
    return any(key in object_at(spec, kind) for kind in ("f:containers", "f:initContainers"))
