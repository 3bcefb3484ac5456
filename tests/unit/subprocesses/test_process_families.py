"""What programs start: all of it ends with a program that is stopped; the services of one that
succeeded go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import List

import pytest

from opsroom import subprocesses
from opsroom.errors import Code, Failure
from opsroom.subprocesses import capture, run, supervision, supervisor
from support.errors import failure_of
from support.waiting import alive, until

LIB = Path(__file__).resolve().parents[3] / "actions" / "lib"
_DAEMON = (
    "import os, sys; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
    "os.chdir('/');"
    " os.execvp('sleep', ['sleep', sys.argv[1]])"
)
# How a program may start what is to outlive it. Each worker is a `sleep` for MARK seconds.
ESCAPES = {
    "in the background": "sleep MARK &",
    "without hang-ups": "nohup sleep MARK >/dev/null 2>&1 &",
    "in a session of its own": "setsid sleep MARK &",
    "orphaned": "(setsid sleep MARK &)",
    "orphaned, without our environment": "(env -i setsid sleep MARK &)",
    "as a daemon": f'"{sys.executable}" -S -c "{_DAEMON}" MARK',
    "with its output elsewhere": "(setsid sleep MARK >/dev/null 2>&1 </dev/null &)",
    "deaf to TERM": "(trap '' TERM HUP INT; setsid sleep MARK &)",
    "stopped": "(setsid sh -c 'kill -STOP $$; exec sleep MARK' sh MARK &)",
    "again and again": "(setsid sh -c 'while :; do setsid sleep MARK & sleep 0.01; done' sh "
    "MARK &)",
    "as a job of a job": "setsid sh -c '(setsid sleep MARK & setsid sleep MARK) & wait' sh MARK &",
}


def workers(mark: str) -> List[int]:
    """The living processes with that argument."""
    found = []
    for name in os.listdir("/proc"):
        try:
            arguments = (
                Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0") if name.isdigit() else []
            )
        except OSError:
            continue
        if mark.encode() in arguments and alive(int(name)):
            found.append(int(name))
    return found


@pytest.fixture
def mark():
    """A number of seconds that no other test sleeps for; what still sleeps so long is killed at the
    end."""
    number = f"300.{os.getpid()}{time.monotonic_ns() % 10**9}"
    yield number
    for pid in workers(number):
        os.kill(pid, signal.SIGKILL)


# A program that is stopped.


@pytest.mark.parametrize("kind", [run, capture])
@pytest.mark.parametrize("way", ESCAPES)
def test_all_that_it_started_ends_with_a_program_that_is_stopped(mark, monkeypatch, way, kind):
    monkeypatch.setattr(subprocesses, "GRACE", 0.3)

    def check():
        if len(workers(mark)) > ("again" in way):
            raise Failure(Code.CLAIM_LOST, "Lost.")

    script = ESCAPES[way].replace("MARK", mark) + "\nsleep 60"
    failure = failure_of(kind, ["sh", "-c", script], 60, check=check)
    assert (failure.code, failure.message) == (Code.CLAIM_LOST, "Lost.")
    assert workers(mark) == []


def test_the_time_limit_ends_what_left_its_session(mark):
    failure = failure_of(run, ["sh", "-c", f"(setsid sleep {mark} &) ; sleep 60"], 1.0)
    assert failure.code is Code.TIMED_OUT
    assert failure.message == "'sh' did not end within 1 s and was stopped."
    assert workers(mark) == []


def test_what_left_its_session_may_clean_up_too(mark, tmp_path):
    worker = (
        f'trap "echo clean > {tmp_path}/left; exit" TERM; touch {tmp_path}/ready; sleep '
        f"{mark} & wait"
    )

    def check():
        if (tmp_path / "ready").exists():
            raise Failure(Code.CLAIM_LOST, "Lost.")

    failure_of(run, ["sh", "-c", f"setsid sh -c '{worker}' & sleep 60"], 60, check=check)
    assert (tmp_path / "left").read_text() == "clean\n"


def test_all_of_it_ends_when_the_supervisor_alone_is_killed(mark):
    killed = []

    def check():
        for pid in [] if killed else workers(mark):
            parent = supervisor.look_at(pid).parent
            if b"import supervisor" in Path(f"/proc/{parent}/cmdline").read_bytes():
                killed.append(parent)
                os.kill(parent, signal.SIGKILL)

    ended = run(["sleep", mark], 60, check=check)
    assert killed
    assert ended.status == -signal.SIGKILL
    assert ended.sentence() == (
        "'sleep' was ended by signal SIGKILL: its supervisor was killed, so what it started may "
        "still run"
    )
    until(lambda: not workers(mark), "the end of the program")


def test_a_supervisor_that_stands_still_is_ended_and_the_answer_says_so(mark, monkeypatch):
    monkeypatch.setattr(subprocesses, "GRACE", 0.1)
    monkeypatch.setattr(supervision, "_ANSWER", 0.3)

    def check():
        for pid in workers(mark):
            if b"import supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGSTOP)
                raise Failure(Code.CLAIM_LOST, "Lost.")

    failure = failure_of(run, ["sleep", mark], 60, check=check)
    assert failure.message == "Lost. Its supervisor was killed, so what it started may still run."
    until(lambda: not workers(mark), "the end of the program")


def test_a_process_with_many_open_files_can_start_programs():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1500:
        pytest.skip("so many files cannot be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1500, hard))
    handles = []
    try:
        while not handles or handles[-1] < 1100:
            handles.append(os.open(os.devnull, os.O_RDONLY))
        assert run(["sh", "-c", "exit 3"], 60).status == 3
    finally:
        for handle in handles:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_cannot_be_ended_is_named(monkeypatch):
    monkeypatch.setattr(
        subprocesses.Supervised, "end", lambda self, grace: (subprocesses.Left(812, "sudo"),)
    )
    failure = failure_of(run, ["sleep", "60"], 0.5)
    assert failure.message == (
        "'sleep' did not end within 0.5 s and was stopped. What it started still runs: sudo "
        "(process 812)."
    )
    assert failure.facts["left_running"] == ["sudo (process 812)"]


def test_a_process_of_another_user_is_not_waited_for(monkeypatch):
    other = supervisor.Process(812, "sudo", b"S", 1, 1, b"1")
    monkeypatch.setattr(other, "send", lambda number: False)
    watch = supervisor.Supervisor(-1, -1, 1)
    monkeypatch.setattr(watch, "_family", lambda: [other])
    monkeypatch.setattr(watch, "_reap", lambda: False)
    assert watch._obey([b"end", b"0"]) == [(812, "sudo")]


def test_a_later_process_with_the_same_number_gets_no_signal():
    child = subprocess.Popen(["sleep", "300"])
    try:
        seen = supervisor.look_at(child.pid)
        earlier = supervisor.Process(seen.pid, seen.name, b"S", seen.parent, seen.group, b"1")
        assert earlier.send(signal.SIGKILL)
        assert alive(child.pid)
        assert seen.send(signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()


# A program that ended.


def service(mark: str) -> str:
    """A line of a script that returns when its service runs."""
    return f"setsid sleep {mark} >/dev/null 2>&1 & until grep -q '^sleep' /proc/$!/comm; do :; done"


def test_what_a_successful_program_started_goes_on_and_is_named(mark):
    ended = run(["sh", "-c", service(mark)], 60)
    (pid,) = workers(mark)
    assert ended.status == 0
    assert [(left.pid, left.name) for left in ended.left] == [(pid, "sleep")]


def test_of_a_failed_program_independent_services_go_on_and_are_named(mark):
    script = f"sleep {mark}1 & {service(mark)}; echo no space left; exit 3"
    ended = run(["sh", "-c", script], 60)
    (pid,) = workers(mark)
    assert workers(f"{mark}1") == []
    assert ended.sentence() == (
        "'sh' ended with status 3: no space left. What it started still runs: sleep (process "
        f"{pid})."
    )


SERVICES = {
    "in the background": "SERVICE & exit 0",
    "in a session of its own": "setsid sh -c 'SERVICE' & exit 0",
    "orphaned": "(setsid sh -c 'SERVICE' &); exit 0",
    "of a program that fails": "(setsid sh -c 'SERVICE' &); exit 1",
}


@pytest.mark.parametrize("kind", ["run", "capture"])
@pytest.mark.parametrize("way", SERVICES)
def test_a_service_with_our_pipe_as_its_output_outlives_us(tmp_path, way, kind):
    # Far more than a pipe holds, on both streams, once we are gone.
    service = (
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; head -c 300000 /dev/zero; head -c "
        "300000 /dev/zero >&2;"
        f" echo end && touch {tmp_path}/done"
    )
    code = textwrap.dedent(
        """
        import sys
        from opsroom import subprocesses as processes
        ended = getattr(processes, sys.argv[1])(["sh", "-c", sys.argv[2]], 60)
        print(ended.status)
        """
    )
    script = SERVICES[way].replace(
        "SERVICE", service if "background" not in way else f"({service})"
    )
    subprocess.run(
        [sys.executable, "-c", code, kind, script],
        env={**os.environ, "PYTHONPATH": str(LIB)},
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
    )
    (tmp_path / "go").touch()
    until(lambda: (tmp_path / "done").exists(), "the end of the service")


def test_the_reader_of_a_service_ends_with_it(mark):
    run(["sh", "-c", f"sleep {mark} & exit 0"], 60)
    (service,) = workers(mark)
    pipe = os.readlink(f"/proc/{service}/fd/1")
    # The reader's shell may not have started it yet.
    until(lambda: readers(pipe), "the reader")
    os.kill(service, signal.SIGKILL)
    until(lambda: not readers(pipe), "the end of the reader")


def readers(pipe: str) -> List[int]:
    """The living processes named `cat` that read from that pipe."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            reads = Path(f"/proc/{name}/comm").read_text() == "cat\n" and pipe == os.readlink(
                f"/proc/{name}/fd/0"
            )
        except OSError:
            continue
        if reads and alive(int(name)):
            found.append(int(name))
    return found
