"""Deploy by a workflow of GitHub Actions that opsroom starts (`workflow_dispatch`).

GitHub does not keep the inputs of a run, so a run is found again by what its title shows: the
workflow has to show the input `opsroom` in its `run-name`. Where it cannot be changed, a run is
known by its time, and only one is started at a time.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, either, shown
from ...structs.patterns import lazy_pattern
from ...templates import fill, holds
from ...text import one_line, span
from ...vendors.commits import COMMIT
from ...vendors.github.actions import Workflow, WorkflowRun
from .. import Resolved, Target
from ..remote import Assignment, Run, State
from ..values import mark_of, shows, shows_none
from .mapping import file_warnings
from .options import Options
from .service import GithubService
from .state import StateReader

# A run may have begun so many seconds before the moment that we noted: clocks are set right.
_SLACK = 60.0
# So many seconds after it was started, GitHub may not show a run yet.
_APPEARS = 60.0
# So long it is waited whether one shows up that is certain: less than `Service.settles`.
_SHOWS = 45.0
# A run that shows no deployment and began so many seconds later is not it.
_BEGINS = 900.0
_PENDING = "?"
_RUN_ID = lazy_pattern(r"^([0-9]+)/([0-9]+)(?:/([0-9a-f]+))?\Z")

# Tests put their own clocks here: seconds, and seconds since 1970.
clock: Callable[[], float] = time.monotonic
now: Callable[[], float] = time.time


class _RunId(NamedTuple):
    """A run, an attempt of it, and the commit that it has to run, empty where any will do."""

    run: int
    attempt: int
    commit: str

    @property
    def text(self) -> str:
        return f"{self.run}/{self.attempt}" + (f"/{self.commit}" if self.commit else "")


class _Search(NamedTuple):
    """What a run is found by whose id GitHub did not say.

    `mark` is empty where its title shows none.
    """

    mark: str
    since: float
    ref: str
    commit: str

    @property
    def text(self) -> str:
        # pylint: disable-next=no-member
        return _PENDING + json.dumps(self._asdict(), sort_keys=True)


class _Cancelling:
    """The end of a run was asked for at `since`. `taken`: GitHub took it; `forced`: twice."""

    def __init__(self, taken: bool) -> None:
        self.since = clock()
        self.taken = taken
        self.forced = False


class WorkflowService(GithubService):
    """Starts a workflow and follows its run."""

    def __init__(self, options: Options, target: Target) -> None:
        super().__init__(options, target)
        self.workflow = Workflow(self.client, options.repository, self.at_place(options.workflow))
        self._states = StateReader(self.workflow, self.at_place(options.job))
        # Whether the workflow runs on the version itself.
        self._bound = holds(options.ref, "version")
        self._cancelling: Dict[int, _Cancelling] = {}
        self._started: Dict[int, float] = {}

    @property
    def place(self) -> str:
        """Where people see the runs."""
        site, repository = self.options.access.site, self.options.repository
        return f"{site}/{repository}/actions/workflows/{self.workflow.file}"

    def git_name(self, version: str) -> str:
        """What it runs on, where that depends on the version."""
        return self._filled_ref(version) if self._bound else version

    def check_commit(self, version: str) -> None:
        """GitHub starts workflows on branches and tags only."""
        if not self._bound:
            return
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{shown(version)} is a commit, and GitHub starts a workflow on a branch or tag only.",
            "Deploy a tag; or let the workflow run on a branch and check out an input, with "
            f"{self.options.access.key}.ref and .inputs.",
        )

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Whether GitHub would start the workflow, and what its file lacks on that tag."""
        self.client.begin()
        file = self.workflow.file
        state, path = self.workflow.state()
        if state != "active":
            return (f"GitHub has turned the workflow {file} off ({one_line(state, 40)}).",)
        ref = self._ref_of(resolved.version, resolved.commit, resolved.asked)
        text = self.workflow.source(path, ref)
        return file_warnings(text, f"The workflow {file} at {ref}", self.options.correlation)

    def start(self, assignment: Assignment) -> Run:
        """Start the workflow with the deployment's id as input.

        Where its file on that tag has no such input, which GitHub says before it starts anything,
        it is started without.
        """
        self.client.begin()
        ref = self._ref(assignment)
        commit = self._commit(ref, assignment)
        self.client.begin()  # a start that is cut short has to be looked for
        inputs, name = self.inputs(assignment), self.options.correlation
        mark = mark_of(assignment.deployment) if name else ""
        search = _Search(mark, assignment.since, ref, commit)
        text = "was started"
        if name:
            try:
                run = self.workflow.dispatch(ref, {**inputs, name: mark})
            except Refusal as refusal:
                if refusal.facts.get("inputs") != [name]:
                    raise
                text = f"was started, without its id: the workflow at {ref} has no input {name}"
                search = search._replace(mark="")
                run = self._start_alone(ref, inputs)
        else:
            run = self._start_alone(ref, inputs)
        # From here on nothing may fail: it is started.
        if run:
            self._started[run] = clock()
            return self._named(run, _RunId(run, 1, commit).text, text)
        return Run(search.text, self._unnamed, State.QUEUED, text)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The run whose title shows the deployment's id; without such an input, the only one that
        was started then."""
        self.client.begin()
        search = _Search(
            mark_of(assignment.deployment) if self.options.correlation else "",
            assignment.since,
            self._ref(assignment),
            assignment.commit if self._bound else "",
        )
        return self._searched(search)

    def look(self, run_id: str) -> Run:
        """The attempt of the run that was started, whatever was run again since."""
        self.client.begin()
        if run_id.startswith(_PENDING):
            search = _Search(**json.loads(run_id[len(_PENDING) :]))
            return self._searched(search) or self._unseen(run_id, search)
        id = _read(run_id)
        try:
            run = self._run(self.workflow.run(id.run, id.attempt), id)
        except Failure as failure:
            since = self._started.get(id.run)
            if failure.code is not Code.GONE or since is None or clock() - since > _APPEARS:
                raise
            return self._named(id.run, id.text, "does not show on GitHub yet")
        if not run.state.ended:
            self._press(id.run)
        return run

    def cancel(self, run: Run) -> None:
        """Ask for its end; `look` asks more firmly where nothing happens."""
        self.client.begin()
        if run.id.startswith(_PENDING):
            run = self.look(run.id)
        if run.id.startswith(_PENDING):
            message = "it does not show in GitHub's list yet"
            raise Failure(Code.OUTCOME_UNKNOWN, message, facts={"sent": False})
        id = _read(run.id)
        # Of one that was run again since, another attempt is someone else's.
        if not self.workflow.run(id.run, id.attempt).completed:
            self._cancelling[id.run] = _Cancelling(self.workflow.cancel(id.run))

    # Starting.

    def _ref(self, assignment: Assignment) -> str:
        return self._ref_of(assignment.version, assignment.commit, assignment.asked)

    def _ref_of(self, version: str, commit: str, asked: str) -> str:
        """The branch or tag: of a branch the record has the commit, so it is what was typed."""
        version = check_version(version)
        branch = bool(commit) and commit.startswith(version)
        return self._filled_ref(asked if branch else version)

    def _filled_ref(self, version: str) -> str:
        return fill(self.options.ref, {**self.place_values(), "version": version})

    def _commit(self, ref: str, assignment: Assignment) -> str:
        """The commit that the run has to have; empty where any will do.

        Raises Refusal where the branch or tag was moved since it was looked up.
        """
        if not self._bound or not assignment.commit:
            return ""
        if COMMIT.match(ref) and assignment.commit.startswith(ref.lower()):
            self.check_commit(ref)
        self.check_unmoved(ref, assignment.commit)
        return assignment.commit

    def _start_alone(self, ref: str, inputs: Mapping[str, str]) -> int:
        """Start it where no other run of it was started so recently that the two could not be told
        apart."""
        start, runs = self._runs_since(now() - _SLACK)
        recent = self._mine(runs)
        if recent:
            seconds = max(recent[0].created - start + _SLACK, 1.0)
            raise Refusal(
                Code.BUSY,
                f"GitHub run {recent[0].id} of {self.workflow.file} was started only now, and "
                "another could not be told from it.",
                f"Try again in {span(seconds)}.",
                {"link": recent[0].link, "run": f"GitHub run {recent[0].id}"},
            )
        self.client.begin()
        return self.workflow.dispatch(ref, inputs)

    # Finding.

    def _runs_since(self, since: float) -> Tuple[float, List[WorkflowRun]]:
        """The time at GitHub when it was that moment by our own clock, and the runs that were
        started by hand since then, newest first. How far the clocks differ shows in the
        response."""
        back = now() - since
        moment, runs = self.workflow.runs(back + _SLACK, "workflow_dispatch")
        return moment - back, runs

    def _mine(self, runs: List[WorkflowRun]) -> List[WorkflowRun]:
        """Without those that someone else started, as far as GitHub says who we are."""
        login = self.workflow.login().casefold() if runs else ""
        return [one for one in runs if not login or one.actor.casefold() in ("", login)]

    def _searched(self, search: _Search) -> Optional[Run]:
        """The first attempt of the run that a search means. Raises Failure(outcome_unknown) where
        others may be it."""
        start, runs = self._runs_since(search.since)
        # Those on another branch or tag, by its name and by its commit, are someone else's, and so
        # are those of much later.
        possible = [
            one
            for one in runs
            if one.created < start + _BEGINS
            and (not search.commit or search.commit == one.commit or search.ref == one.branch)
        ]
        if search.mark:
            same = [one for one in runs if shows(one.title, search.mark)]
            others = [one for one in possible if shows_none(one.title)]
            hint = f"Put the input {self.options.correlation} into the workflow's run-name."
        else:
            same, others = self._mine(possible), []
            hint = "Look at them on GitHub."
        if len(same) == 1:
            id = _RunId(same[0].id, 1, search.commit)
            first = same[0].attempt == 1
            return self._run(same[0] if first else self.workflow.run(id.run, 1), id)
        self._check_none(search, same or others, hint)
        return None

    def _check_none(self, search: _Search, candidates: List[WorkflowRun], hint: str) -> None:
        """Raise where one of these runs may be the one: while any goes on, and as long as a run may
        take. At first another may still show up that is it for certain."""
        over = all(one.completed for one in candidates)
        elapsed = now() - search.since
        if not candidates or elapsed < _SHOWS or (over and elapsed > self.options.time_limit):
            return
        numbers = either([str(one.id) for one in candidates[:4]])
        raise Failure(
            Code.OUTCOME_UNKNOWN,
            f"Whether it is GitHub run {numbers} of {self.workflow.file} cannot be told.",
            f"{hint} See {self.place}",
            {"link": candidates[0].link, "sent": True},
        )

    # Looking.

    def _unseen(self, run_id: str, search: _Search) -> Run:
        """A run that GitHub accepted and does not show. Raises Failure(gone) where it will not any
        more."""
        if now() - search.since > max(self.options.time_limit, _BEGINS):
            message = f"GitHub accepted a run of {self.workflow.file} and never showed it."
            raise Failure(Code.GONE, message, facts={"sent": True})
        text = "was accepted and does not show in GitHub's list yet"
        return Run(run_id, self._unnamed, State.QUEUED, text)

    @property
    def _unnamed(self) -> str:
        return f"GitHub's run of {self.workflow.file}"

    def _named(self, run: int, id: str, text: str, state: State = State.QUEUED) -> Run:
        site, repository = self.options.access.site, self.options.repository
        link = f"{site}/{repository}/actions/runs/{run}"
        return Run(id, f"GitHub run {run}", state, text, link)

    def _run(self, found: WorkflowRun, id: _RunId) -> Run:
        """The run with what is known of its state."""
        cancelled = found.id in self._cancelling
        state, text = self._states.read(found, id.attempt, id.commit, cancelled)
        run = self._named(found.id, id.text, text, state)
        return replace(run, link=found.link) if found.link else run

    def _press(self, run: int) -> None:
        """Ask again for the end of a run that goes on: for one that was not queued yet, and by
        force after a while."""
        asked = self._cancelling.get(run)
        if asked is None or asked.forced:
            return
        patience = self.options.force_cancel_after
        with suppress(OpsroomError):  # it is looked at again
            if not asked.taken:
                asked.taken = self.workflow.cancel(run)
            elif patience and clock() - asked.since >= patience:
                asked.forced = True
                self.workflow.cancel(run, force=True)


def _read(run_id: str) -> _RunId:
    found = _RUN_ID.match(run_id)
    if not found:
        raise Failure(Code.GONE, "What was noted about the run cannot be read.")
    return _RunId(int(found.group(1)), int(found.group(2)), found.group(3) or "")
