"""Kubernetes: how its API is reached, and the keys of the config for that, which the deploy kind
and the version kind share.

The API is asked with plain requests. `kubeconfig` reads where and as whom, `credentials` keeps what
proves it, `client` asks, `images` knows which version an image is, `pods` why one does not come up.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Mapping, NamedTuple, Tuple

from ...config.fields import Fields
from ...http.options import read_url, read_verify
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import fill, unknown

PLACEHOLDERS = ("app", "environment")
# A token goes over https, or to this machine (`kubectl proxy`); kubectl keeps it back otherwise.
ENCRYPTED = lazy_pattern(
    r"^(?i:https://[^\s/]|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::|/|\Z))"
)
_FULL_PATH = lazy_pattern(r"^/")
_WORKLOAD = lazy_pattern(r"^(deployment|statefulset|daemonset)/[^\s/]+\Z")


class Kind(str, Enum):
    """What has pods of which the image can be set."""

    DEPLOYMENT = "deployment"
    STATEFULSET = "statefulset"
    DAEMONSET = "daemonset"

    @property
    def plural(self) -> str:
        """The name of the resource in addresses and rights."""
        return f"{self.value}s"


class Workload(NamedTuple):
    """A workload of the cluster by its names."""

    kind: Kind
    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name} in namespace {self.namespace}"

    @property
    def kubectl(self) -> str:
        """How kubectl names it: `-n shop deployment/web`."""
        return f"-n {self.namespace} {self.kind.value}/{self.name}"


@dataclass(frozen=True)
class Access:
    """How the API is reached: by a `kubeconfig` (and a `context` of it), by a `url` with a `token`
    or a `token_file`, or, with none of them, as a pod's service account is.

    `verify` is a CA file for `url`. `workload` is `deployment/NAME` and the like. All but `token`
    and `verify` may hold `{app}` and `{environment}`.
    """

    workload: str
    namespace: str = ""
    kubeconfig: str = ""
    context: str = ""
    url: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""
    verify: str = ""

    def at(self, values: Mapping[str, str]) -> Access:
        """The same for one application and environment."""
        return Access(
            workload=fill(self.workload, values),
            namespace=fill(self.namespace, values),
            kubeconfig=fill(self.kubeconfig, values),
            context=fill(self.context, values),
            url=fill(self.url, values),
            token=self.token,
            token_file=fill(self.token_file, values),
            verify=self.verify,
        )

    def target(self, namespace: str) -> Workload:
        """The workload; `namespace` is that of the connection, used where the config has none."""
        kind, _, name = self.workload.partition("/")
        return Workload(Kind(kind), name, self.namespace or namespace)


def read_access(fields: Fields) -> Access:
    """Which workload it is, and how its cluster is reached.

    - `workload` (`deployment/NAME`, `statefulset/NAME` or `daemonset/NAME`): the workload whose
      pods run the application.
    - `namespace` (text; default that of the context or of the pod's account, else `default`): the
      namespace of the workload.
    - `kubeconfig` (full path): the file by which the cluster is reached.
    - `context` (text; default its `current-context`): the context of the `kubeconfig`.
    - `url` (https address): the API server, where there is no `kubeconfig`.
    - `token` (text): a token of a service account, for `url`.
    - `token_file` (full path): in place of `token`, the file that has it; it is read again whenever
      it is needed.
    """
    access = Access(
        workload=fields.text(
            "workload",
            pattern=_WORKLOAD,
            expected="deployment/NAME, statefulset/NAME or daemonset/NAME",
        ),
        namespace=fields.text("namespace", "", expected="the name of a namespace"),
        kubeconfig=fields.text(
            "kubeconfig", "", pattern=_FULL_PATH, expected="the full path of a kubeconfig"
        ),
        context=fields.text("context", "", expected="the name of a context of the kubeconfig"),
        url=read_url(fields, default="", expected="the address of an API server"),
        token=fields.secret("token", "", expected="a token of a service account"),
        token_file=fields.text(
            "token_file", "", pattern=_FULL_PATH, expected="the full path of a file"
        ),
        verify=read_verify(fields),
    )
    for key in ("workload", "namespace", "kubeconfig", "context", "url", "token_file"):
        check_placeholders(fields, key, getattr(access, key))
    if access.url and not ENCRYPTED.match(access.url):
        fields.problem("url", "expected an https address, since a token goes there")
    _check_together(fields)
    return access


def check_placeholders(
    fields: Fields, key: str, template: str, known: Tuple[str, ...] = PLACEHOLDERS
) -> None:
    """Note a problem for each placeholder that is not filled in at this key."""
    for name in unknown(template, known):
        names = either(f"{{{one}}}" for one in known)
        fields.problem(key, f"{{{name}}} is not filled in here; known: {names}")


def _check_together(fields: Fields) -> None:
    if fields.has("kubeconfig"):
        for key in ("url", "token", "token_file", "verify"):
            if fields.has(key):
                fields.problem(key, "expected no such key beside kubeconfig, which has it inside")
        return
    if fields.has("context"):
        fields.problem("context", "expected a kubeconfig beside it, whose context this is")
    if fields.has("url") and fields.has("token") == fields.has("token_file"):
        fields.problem("url", "expected either a token or a token_file beside it")
    if not fields.has("url"):
        for key in ("token", "token_file", "verify"):
            if fields.has(key):
                fields.problem(key, "expected a url beside it, the address of the API server")
