"""Images and versions: which image a version is, and which version an image is, by one template
such as `registry.example.com/{app}:{version}`."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Union

from ...config.fields import REQUIRED, Fields, Missing
from ...errors import Code, Refusal
from ...http.content import list_at, text_at
from ...names import VERSION, available_text, shown
from ...structs import dataclass
from ...templates import fill
from . import PLACEHOLDERS, check_placeholders

_VERSION = "{version}"
_KNOWN = (*PLACEHOLDERS, "version")
# The grammar of references (github.com/distribution/reference): a host, a path, a tag, a digest.
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
# Compiled when a version is asked for: that takes longer than to read the config.
_REFERENCE = rf"(?:{_HOST}/)?{_PATH}(?:/{_PATH})*(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?\Z"
_DIGEST = r"@(sha256:[0-9a-f]{64})\Z"
# A name is one of both lists: Kubernetes wants them different in the whole pod.
LISTS = ("containers", "initContainers")


@dataclass(frozen=True)
class Images:
    """The images of a deployment: `image` for the container `container` (the only one, where that
    is empty), `containers` and `init_containers` for those of these names. All are templates."""

    image: str = ""
    container: str = ""
    containers: Mapping[str, str] = field(default_factory=dict)
    init_containers: Mapping[str, str] = field(default_factory=dict)

    def at(self, values: Mapping[str, str]) -> Images:
        """The same for one application and environment; `{version}` stays."""

        def all_of(templates: Mapping[str, str]) -> Dict[str, str]:
            return {fill(name, values): fill(one, values) for name, one in templates.items()}

        return Images(
            fill(self.image, values),
            fill(self.container, values),
            all_of(self.containers),
            all_of(self.init_containers),
        )

    def templates(self, pod: Mapping[str, Any], where: str) -> Dict[str, Dict[str, str]]:
        """The templates by list (`containers`, `initContainers`) and name, for a pod or a pod
        template (its `spec`). `where` names the workload for a sentence.

        Raises Refusal(not_accepted) where a container of that name is not there: a patch would add
        it.
        """
        known = {kind: [text_at(one, "name") for one in list_at(pod, kind)] for kind in LISTS}
        found = {"containers": dict(self.containers), "initContainers": dict(self.init_containers)}
        if self.image:
            found["containers"][self._container(known["containers"], where)] = self.image
        for kind, templates in found.items():
            for name in templates:
                if name not in known[kind]:
                    sort = "container" if kind == "containers" else "init container"
                    hint = available_text(known[kind]) if known[kind] else "It has none."
                    raise Refusal(
                        Code.NOT_ACCEPTED, f"The {where} has no {sort} {shown(name)}.", hint
                    )
        return found

    def _container(self, known: List[str], where: str) -> str:
        if self.container or len(known) == 1:
            return self.container or known[0]
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"The {where} has {len(known)} containers, and the config does not say which of them "
            "gets the image.",
            f"An administrator has to put its name into container. {available_text(known)}",
        )


def read_images(fields: Fields) -> Images:
    """Which container gets which image; templates.

    - `image` (image with `{version}`; required unless there are `containers`): the image that a
      version is, such as `registry.example.com/{app}:{version}`.
    - `container` (text; default the only container): the container that gets `image`.
    - `containers` (mapping of containers to images): further containers, each with its own image.
    - `init_containers` (mapping of init containers to images): the same for init containers.
    """
    images = Images(
        image=_template(fields, "image", ""),
        container=fields.text("container", "", expected="the name of a container"),
        containers=_templates(fields, "containers"),
        init_containers=_templates(fields, "init_containers"),
    )
    check_placeholders(fields, "container", images.container)
    if not fields.has("image") and not fields.has("containers"):
        fields.problem(
            "image", "expected an image such as registry.example.com/{app}:{version}, found nothing"
        )
    if fields.has("container") and not fields.has("image"):
        fields.problem("container", "expected an image beside it, which this container gets")
    return images


def _templates(fields: Fields, key: str) -> Dict[str, str]:
    inner = fields.inside(key)
    return {name: _template(inner, name) for name in inner.names()}


def _template(fields: Fields, key: str, default: Union[str, Missing] = REQUIRED) -> str:
    expected = "an image such as registry.example.com/{app}:{version}"
    template = fields.text(key, default, expected=expected)
    check_placeholders(fields, key, template, _KNOWN)
    if template and template.count(_VERSION) != 1:
        fields.problem(key, "expected {version} in it, once")
    return template


def image_of(template: str, version: str) -> str:
    """The image that a version is. Raises Refusal(invalid_name) where none can have that name."""
    image = template.replace(_VERSION, version)
    if not re.match(_REFERENCE, image):
        raise Refusal(
            Code.INVALID_NAME,
            f"{shown(version)} cannot be the version of an image: {shown(image, 120)} is none.",
            "The tag of an image is letters, digits and . _ -, up to 128 characters.",
        )
    return image


def version_in(image: str, template: str) -> Optional[str]:
    """The version that an image is; None where it does not fit the template.

    A digest behind the tag, which some clusters add when they admit a pod, is left out.
    """
    before, _, after = _full(template).partition(_VERSION)
    named = _full(image) if "@" in template else _full(image).partition("@")[0]
    if not (named.startswith(before) and named.endswith(after)):
        return None
    version = named[len(before) : len(named) - len(after)]
    return version if VERSION.match(version) else None


def same_image(one: str, other: str) -> bool:
    """Whether two names are one image, of which one may have its digest behind the tag."""
    first, second = sorted((_full(one), _full(other)), key=len)
    return first == second or second.startswith(f"{first}@")


def digest_of(image_id: str) -> str:
    """The digest in the `imageID` of a container's status; empty where it has none to compare: some
    runtimes report an id of their own."""
    found = re.search(_DIGEST, image_id)
    return found.group(1) if found else ""


def images_of(pod: Mapping[str, Any], names: Iterable[str]) -> Dict[str, str]:
    """The images of the containers and init containers of these names in a pod's `spec`."""
    wanted = set(names)
    return {
        text_at(one, "name"): text_at(one, "image")
        for kind in LISTS
        for one in list_at(pod, kind)
        if text_at(one, "name") in wanted
    }


def _full(image: str) -> str:
    """A name with the registry and the folder that Docker's own registry may be left out with."""
    first, slash, _ = image.partition("/")
    if not slash:
        return f"docker.io/library/{image}"
    is_host = "." in first or ":" in first or first == "localhost"
    return image if is_host else f"docker.io/{image}"
