"""The client of the API server: reading and patching workloads, and what belongs to them."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.client import HttpClient
from ...http.content import Unexpected, an_object, list_at, object_at, objects, text_at
from ...http.response import Response
from ...structs.patterns import lazy_pattern
from . import Access, Workload
from .credentials import Fixed, Login
from .kubeconfig import Connection, connection

# Seconds for the requests of one command.
TIME_LIMIT = 10.0
# Who we are in managedFields.
MANAGER = "opsroom"
CONFLICT = 409
_STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
_APPS, _CORE = "/apis/apps/v1", "/api/v1"
# How the authorizer of Kubernetes words a missing right.
_MISSING_RIGHT = lazy_pattern(r'cannot (\w+) resource "([^"]+)"')

# Who asks with a certificate that the cluster does not know.
_NOBODY = 'User "system:anonymous"'
_WEBHOOK = "failed calling webhook"

Object = Mapping[str, Any]


class _Asked(NamedTuple):
    """What a request needs as a right: a verb on a resource."""

    verb: str
    resource: str


class _Http(HttpClient):
    """Requests with a client certificate, where the login has one, to a server whose certificate
    has `server_name`, where that is not the name in the address."""

    login = Login()
    server_name = ""

    def connect(self) -> Any:
        session = super().connect()
        if self.server_name:
            named = {"server_hostname": self.server_name, "assert_hostname": self.server_name}
            adapter: Any = session.get_adapter("https://")
            adapter.poolmanager.connection_pool_kw.update(named)
        # The pool of connections counts by the paths of the certificate: another one, another pool.
        session.cert = (self.login.certificate, self.login.key) if self.login.certificate else None
        return session


class Client(vendor.Client):
    """One account's view of a cluster. `key` is where the config has the access.

    Raises, besides what every vendor's client does, Failure(gone) for a workload that is not
    there.
    """

    service = "Kubernetes"
    # It says what failed, such as the webhook that it could not call.
    explained = (*vendor.EXPLAINED, 500)
    # The pods of a large workload: 10 KB each.
    max_bytes = 30_000_000

    def __init__(self, found: Connection, key: str, time_limit: float = TIME_LIMIT) -> None:
        self._connection = found
        self._login: Optional[Login] = None
        self._renewed = False
        super().__init__(
            key,
            found.url,
            time_limit=time_limit,
            verify=found.ca,
            headers={"Accept": "application/json"},
        )

    # What is asked.

    def get(self, workload: Workload) -> Object:
        """A workload as it is now. Raises Failure(gone) where there is none."""
        response = self._asked("get", workload.kind.plural, workload, "GET", _path(workload))
        return self.read(response, lambda content: _workload(content, workload))

    def patch(self, workload: Workload, patch: Object) -> Optional[Object]:
        """The workload after a strategic merge patch; None where it is no longer the one whose
        `metadata.resourceVersion` the patch names, and nothing was done."""
        response = self._asked(
            "patch",
            workload.kind.plural,
            workload,
            "PATCH",
            _path(workload),
            json=patch,
            headers=_STRATEGIC,
            params={"fieldManager": MANAGER},
            accept=(CONFLICT,),
        )
        if response.status == CONFLICT:
            return None
        return self.read(response, lambda content: _workload(content, workload))

    def pods(self, workload: Workload, found: Object) -> Tuple[Object, ...]:
        """The pods that the selector of a workload (as `get` answers) matches."""
        return self._list(workload, _CORE, "pods", _selector(found))

    def replica_sets(self, workload: Workload, found: Object) -> Tuple[Object, ...]:
        """The ReplicaSets of a Deployment."""
        return self._owned(workload, "replicasets", found)

    def revisions(self, workload: Workload, found: Object) -> Tuple[Object, ...]:
        """The ControllerRevisions of a StatefulSet or a DaemonSet."""
        return self._owned(workload, "controllerrevisions", found)

    def events(self, workload: Workload, found: Object) -> Tuple[Object, ...]:
        """The warnings about a workload itself; none where the account may not read events."""
        uid = text_at(found, "metadata", "uid")
        params = {"fieldSelector": f"involvedObject.uid={uid},type=Warning"}
        path = f"{_CORE}/namespaces/{_quoted(workload.namespace)}/events"
        content = self.quietly(path, params=params)
        return tuple(one for one in list_at(content, "items") if isinstance(one, Mapping))

    def _owned(self, workload: Workload, resource: str, found: Object) -> Tuple[Object, ...]:
        uid = text_at(found, "metadata", "uid")
        return tuple(
            one
            for one in self._list(workload, _APPS, resource, _selector(found))
            if any(
                text_at(owner, "uid") == uid
                for owner in list_at(one, "metadata", "ownerReferences")
            )
        )

    def _list(
        self, workload: Workload, group: str, resource: str, selector: str
    ) -> Tuple[Object, ...]:
        path = f"{group}/namespaces/{_quoted(workload.namespace)}/{resource}"
        params = {"labelSelector": selector}
        response = self._asked("list", resource, workload, "GET", path, params=params)
        return self.read(response, lambda content: _items(content, resource))

    def _asked(
        self, verb: str, resource: str, workload: Workload, method: str, path: str, **request: Any
    ) -> Response:
        accept = request.pop("accept", ())
        self._renewed = False
        response = self.request(method, path, accept=accept, **request)
        if response.ok or response.status in accept:
            return response
        raise self._certain(method, self._error(response, workload, _Asked(verb, resource)))

    # As whom.

    def transport(self, **options: Any) -> HttpClient:
        """Requests that a client certificate may go with."""
        self._requests = _Http(**options)
        self._requests.server_name = self._connection.server_name
        return self._requests

    def authorization(self) -> Mapping[str, str]:
        """The token. The login is read or fetched when it is first needed."""
        if self._login is None:
            self._login = self._requests.login = self._connection.source.login()
            self.begin()  # a plugin has a time limit of its own
        return {"Authorization": f"Bearer {self._login.token}"} if self._login.token else {}

    def renew(self, response: Response) -> bool:
        """Whether there is another login after a 401: a token that ran out is read again, once a
        request."""
        if response.status != 401 or self._renewed or isinstance(self._connection.source, Fixed):
            return False
        before, self._login, self._renewed = self._login, None, True
        self.authorization()
        return self._login != before

    # What errors mean.

    def _error(self, response: Response, workload: Workload, asked: _Asked) -> OpsroomError:
        status, words, facts = response.status, self.words(response), response.facts
        content = response.content()
        message = text_at(content, "message")
        if status == 401 or (status == 403 and _NOBODY in message):
            return self._not_accepted(status, facts)
        if text_at(content, "kind") != "Status":
            # A gateway may say 403 in words of its own.
            return (
                self.error(response, vendor.NOTHING)
                if status == 403
                else self.not_the_api(response)
            )
        right = _MISSING_RIGHT.search(message)
        if status == 403 and right:
            verb, resource = right.groups()
            message = (
                f"The account of opsroom may not {verb} {resource} in namespace "
                f"{workload.namespace} (403)."
            )
            hint = f"Grant it the verb {verb} on {resource} there, in a Role."
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 404 and text_at(content, "details", "name") == workload.name:
            hint = f"An administrator has to check {self.key}.workload and {self.key}.namespace."
            return Failure(Code.GONE, f"There is no {workload}.", hint, {**facts, "sent": False})
        if status == 404:
            return self.not_the_api(response)
        because = f": {words}" if words else ""
        what = f"to {asked.verb} {asked.resource}"
        if status == 500:
            message = f"Kubernetes failed {what} (500){because}."
            # A webhook is called before anything is stored.
            sent = facts["sent"] and _WEBHOOK not in words
            return Failure(Code.BAD_ANSWER, message, "Try again.", {**facts, "sent": sent})
        facts["reason"] = words
        message = f"Kubernetes rejected the request {what} ({status}){because}."
        return Refusal(Code.NOT_ACCEPTED, message, "", facts)

    def _not_accepted(self, status: int, facts: Mapping[str, Any]) -> Failure:
        message = f"Kubernetes does not accept the credentials ({status}); they may have expired."
        hint = f"An administrator has to renew them: {self._connection.source.place}."
        return Failure(Code.UNAUTHORIZED, message, hint, facts)


def open_client(
    access: Access, key: str, time_limit: float = TIME_LIMIT
) -> Tuple[Client, Workload]:
    """A client and the workload of an access whose placeholders are filled in.

    Raises Failure(settings_invalid). Reads files; asks nobody yet.
    """
    found = connection(access, key)
    return Client(found, key, time_limit), access.target(found.namespace)


def _path(workload: Workload) -> str:
    return (
        f"{_APPS}/namespaces/{_quoted(workload.namespace)}/{workload.kind.plural}/"
        f"{_quoted(workload.name)}"
    )


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _workload(content: Any, workload: Workload) -> Object:
    """A workload with what no command can do without. Raises Unexpected."""
    found = an_object(content, workload.kind.value)
    if text_at(found, "kind").lower() != workload.kind.value:
        raise Unexpected(f"there is no {workload.kind.value}")
    if not text_at(found, "metadata", "uid") or not text_at(found, "metadata", "resourceVersion"):
        raise Unexpected("there is no uid and resourceVersion")
    objects(list_at(found, "spec", "template", "spec", "containers"), "containers")
    return found


def _items(content: Any, resource: str) -> Tuple[Object, ...]:
    found = an_object(content, "list")
    if not text_at(found, "kind").endswith("List"):
        raise Unexpected(f"there is no list of {resource}")
    return objects(found.get("items") or [], resource)


def _selector(found: Object) -> str:
    """The selector of a workload as a query has it."""
    labels = object_at(found, "spec", "selector", "matchLabels")
    parts = [f"{name}={value}" for name, value in labels.items()]
    for one in list_at(found, "spec", "selector", "matchExpressions"):
        parts.append(_expression(one))
    return ",".join(parts)


def _expression(found: Any) -> str:
    key, operator = text_at(found, "key"), text_at(found, "operator")
    values: List[str] = [str(one) for one in list_at(found, "values")]
    if operator in ("In", "NotIn"):
        return f"{key} {operator.lower()} ({','.join(values)})"
    return f"!{key}" if operator == "DoesNotExist" else key
