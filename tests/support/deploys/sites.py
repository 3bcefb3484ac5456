"""The services that deploy for opsroom, each played, with a deployer of web to uat and one clock:
`site.deploy()` is a deployment of v1.0.0 that succeeds, `site.fails()` one that does not."""

from __future__ import annotations

from contextlib import contextmanager
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest

from opsroom.deploys import Resolved
from opsroom.deploys.github import workflow
from opsroom.deploys.gitlab import pipeline
from opsroom.errors import OpsroomError
from support.contracts.vendor import Vendor
from support.deploys import runs
from support.deploys.jobs import Notes
from support.deploys.runs import Clock
from support.servers.http import Reply, Request
from support.vendors import argocd, github, gitlab, jenkins
from support.vendors.argocd import ArgoCD
from support.vendors.github_deployments import GithubDeployments
from support.vendors.gitlab import Gitlab
from support.vendors.jenkins import Jenkins

DEPLOYMENT, EARLIER = "0123456789abcdef", "fedcba9876543210"
MARK, EARLIER_MARK = f"opsroom-{DEPLOYMENT}", f"opsroom-{EARLIER}"
# The manual job of a pipeline of GitLab.
JOB = "deploy uat"


class Kind(NamedTuple):
    """What the config says beside the address, the secret in it, and the modules with a clock.

    `hold` has what is started go on until it is `let_go`; `started`: how many there are;
    `cancelled`: whether the last one was; `begin` starts one for a deployment as opsroom does, and
    returns what is noted of it.
    """

    make: Callable[[], Any]
    config: Dict[str, Any]
    secret: str
    hold: Callable[[Any], None]
    let_go: Callable[[Any], None]
    started: Callable[[Any], int]
    cancelled: Callable[[Any], bool]
    begin: Callable[[Any, str], str]
    modules: Tuple[ModuleType, ...] = ()
    kind: str = ""
    # Seconds after which what does not show there was not started.
    settles: float = 60.0


class Site:
    """A service, its server, and the clock of both. `job` is that of the next deployment; `raw` are
    keys of the config beside those that the service needs."""

    def __init__(self, name: str, played: Any, vendor: Vendor, clock: Clock) -> None:
        self.name, self.played, self.vendor, self.clock = name, played, vendor, clock
        self.kind = KINDS[name]
        self.key = self.kind.kind or name
        self.job = self.new_job()

    @property
    def v1(self) -> Resolved:
        """The version v1.0.0 as it is looked up now."""
        return Resolved("v1.0.0", "v1.0.0", getattr(self.played, "tags", {}).get("v1.0.0", ""))

    @property
    def posts(self) -> List[Request]:
        """The requests that start or change something."""
        return self.vendor.sent("POST")

    def new_job(self) -> Notes:
        """The job of another deployment at the same place."""
        job = Notes()
        job.deployment = DEPLOYMENT
        return job

    def options(self, **raw: Any) -> Tuple[Any, List[str]]:
        """The options of these keys, and what is wrong with them; `...` leaves a key out."""
        return runs.options_of(self.key, {"url": self.url, **self.kind.config}, **raw)

    @property
    def url(self) -> str:
        """The address of the server."""
        return self.vendor.url("").rstrip("/")

    def deployer(self, **raw: Any) -> Any:
        """A deployer of web to uat."""
        return runs.deployer_for(self.key, {"url": self.url, **self.kind.config}, **raw)

    def deploy(self, resolved: Optional[Resolved] = None, **raw: Any) -> Notes:
        """Deploy, by default v1.0.0, to the end."""
        self.deployer(**raw).deploy(resolved or self.v1, self.job)
        return self.job

    def fails(self, resolved: Optional[Resolved] = None, **raw: Any) -> OpsroomError:
        """The error of a deployment: a whole sentence, with no secret anywhere."""
        made = self.deployer(**raw)
        return runs.caught(made, self.job, self.kind.secret, resolved=resolved or self.v1)

    def refused(self, action: Callable[..., Any], *arguments: Any) -> OpsroomError:
        """The error of another action, with no secret in it."""
        with pytest.raises(OpsroomError) as raised:
            action(*arguments)
        error = raised.value
        assert self.kind.secret not in f"{error} {error.hint} {error.facts}"
        return error

    def instead(self, *replies: Reply) -> None:
        """Answer the next requests that start something with these, and do nothing."""
        self.vendor.instead(*replies, where=is_post)

    def lose_answer(self) -> None:
        """Carry the next such request out, and lose the answer."""
        self.vendor.after("unanswered", where=is_post)

    def stop(self, checks: int = 5) -> None:
        """Cancel the next deployment at the so-many-th check."""
        self.job = runs.stopping(checks)
        self.job.deployment = DEPLOYMENT

    def leave(self, run: str = "", version: Optional[Resolved] = None) -> None:
        """The next deployment finds that the runner of an earlier one, by default of v1.0.0, died
        just after it asked for a run."""
        self.job = runs.left_behind(self.key, run, self.clock(), version or self.v1, EARLIER)
        self.job.deployment = DEPLOYMENT

    @property
    def kept(self) -> str:
        """What is noted of a run that may still go on."""
        return self.job.handles[self.key]


def is_post(request: Request) -> bool:
    """Whether something is started or changed by it."""
    return request.method == "POST"


@contextmanager
def site_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The service of one of KINDS."""
    kind, clock = KINDS[name], Clock()
    clock.install(monkeypatch, *kind.modules)
    played = kind.make()
    played.now = clock
    if name == "gitlab job":
        _with_manual_job(played, clock)
    with played.vendor() as vendor:
        yield Site(name, played, vendor, clock)


def _with_manual_job(played: Gitlab, clock: Clock) -> None:
    """A pipeline of v1.0.0 with a manual job, number 91, made an hour ago."""
    clock.now -= 3600.0
    made = played.pipeline(status="success", source="push")["id"]
    played.job(made, "build", "success")
    played.job(made, JOB, "manual")
    clock.now += 3600.0


def _github_run(played: GithubDeployments, deployment: str) -> str:
    return f"{played.run(title=f'deploy [opsroom-{deployment}]')['id']}/1"


def _github_deployment(played: GithubDeployments, deployment: str) -> str:
    return str(played.deployment("v1.0.0", payload={"opsroom": deployment}))


def _gitlab_pipeline(played: Gitlab, deployment: str) -> str:
    return str(played.pipeline(name=f"deploy [opsroom-{deployment}]")["id"])


def _gitlab_job(played: Gitlab, deployment: str) -> str:
    return f"4711/{played.start(played.jobs[91])['id']}"


def _jenkins_build(played: Jenkins, deployment: str) -> str:
    same = {"VERSION": "v1.0.0", "ENVIRONMENT": "uat"}
    number = played.build(result=None, OPSROOM_ID=deployment, **same)
    return f"{played.builds[number]['queueId']}/{number}"


def _jenkins_cancelled(played: Jenkins) -> bool:
    """In the queue where it is cancelled before a build begins, otherwise the build itself."""
    (item,) = played.items.values()
    if not item["build"]:
        return bool(item["cancelled"])
    return bool(played.builds[item["build"]]["result"] == "ABORTED")


def _argo_sync(played: ArgoCD, deployment: str) -> str:
    played.spec["source"]["targetRevision"] = "v1.0.0"
    played.begun(deployment)
    return f'{{"mark": "{deployment}"}}'


_GITHUB = {
    **{"site": "https://github.com", "token": github.TOKEN},
    "repository": "acme/web",
}
_GITLAB = {"token": gitlab.TOKEN, "project": gitlab.PROJECT}
KINDS: Dict[str, Kind] = {
    "argocd": Kind(
        ArgoCD,
        {"token": argocd.TOKEN, "application": argocd.NAME},
        argocd.TOKEN,
        hold=lambda made: setattr(made, "phases", ["Running"]),
        let_go=lambda made: made.finish(),
        started=lambda made: len(made.syncs),
        cancelled=lambda made: made.message == "Operation terminated",
        begin=_argo_sync,
        settles=15.0,
    ),
    "github": Kind(
        GithubDeployments,
        {**_GITHUB, "workflow": "deploy.yml"},
        github.TOKEN,
        hold=lambda made: setattr(made, "states", [("in_progress", None)]),
        let_go=lambda made: made.finish(),
        started=lambda made: len(made.runs),
        cancelled=lambda made: bool(made.cancels),
        begin=_github_run,
        modules=(workflow,),
    ),
    "github deployment": Kind(
        GithubDeployments,
        {**_GITHUB, "mode": "deployment"},
        github.TOKEN,
        hold=lambda made: None,
        let_go=lambda made: made.report(42, "success"),
        started=lambda made: len(made.deployments),
        cancelled=lambda made: [one["state"] for one in made.statuses[42]] == ["inactive"],
        begin=_github_deployment,
        modules=(workflow,),
        kind="github",
    ),
    "gitlab": Kind(
        Gitlab,
        _GITLAB,
        gitlab.TOKEN,
        hold=lambda made: setattr(made, "states", ["running"]),
        let_go=lambda made: made.finish(),
        started=lambda made: len(made.pipelines),
        cancelled=lambda made: {one["status"] for one in made.pipelines.values()} == {"canceled"},
        begin=_gitlab_pipeline,
        modules=(pipeline,),
    ),
    "gitlab job": Kind(
        Gitlab,
        {**_GITLAB, "mode": "job", "job": "deploy {environment}"},
        gitlab.TOKEN,
        hold=lambda made: setattr(made, "job_states", ["running"]),
        let_go=lambda made: made.finish(),
        started=lambda made: len([one for one in made.jobs.values() if one["started_at"]]),
        cancelled=lambda made: made.jobs[91]["status"] == "canceled",
        begin=_gitlab_job,
        modules=(pipeline,),
        kind="gitlab",
    ),
    "jenkins": Kind(
        Jenkins,
        {"user": jenkins.USER, "token": jenkins.TOKEN, "job": jenkins.JOB},
        jenkins.TOKEN,
        hold=lambda made: setattr(made, "states", [None]),
        let_go=lambda made: setattr(made, "states", [None, "SUCCESS"]),
        started=lambda made: len(made.items),
        cancelled=_jenkins_cancelled,
        begin=_jenkins_build,
    ),
}
