"""The command of a deployment on one host: started once, looked at, stopped; it does not need the
connection by which it was started.

On the host it has a folder, by the id of the deployment. The link `pid` in it is the gate: to make
a link is atomic, so that of several starts one begins, and a stop that comes first closes it. It
holds the process, the moment at which that began, and the boot of the host, so that another process
which has the number later is not taken for it. `rc` has the status, `out` what was printed.
"""

from __future__ import annotations

from enum import Enum
from typing import Optional, Sequence, Tuple

from ...errors import Code, Failure
from ...structs import dataclass
from ...subprocesses import Check
from ...text import one_line
from ...vendors.ssh.client import Client

# Seconds between TERM and KILL on a host.
GRACE = 10.0
# What a host may take for the script itself, in seconds.
TIME_LIMIT = 20.0
# Folders of deployments that ended longer ago are removed from a host, in days.
KEPT_DAYS = 30


class State(str, Enum):
    """How far the command is on a host.

    ABSENT: it has not begun. CLOSED: nor will it, since it was stopped before. LOST: it ended
    without a status, since it was killed or the host restarted. UNKNOWN: the host does not say.
    """

    ABSENT = "absent"
    CLOSED = "closed"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"
    UNKNOWN = "unknown"

    @property
    def may_run(self) -> bool:
        """Whether it runs, as far as anyone can tell."""
        return self in (State.RUNNING, State.UNKNOWN)


@dataclass(frozen=True)
class Report:
    """The state on a host, the status where it has ended with one, and the last lines printed."""

    state: State
    status: int = 0
    lines: Tuple[str, ...] = ()

    def sentence(self, program: str, host: str) -> str:
        """How it ended: `'deploy.sh' on web1 ended with status 3: no space left.`"""
        name = f"'{program}' on {host}"
        if self.state is State.LOST:
            return f"{name} ended without a status: it was killed, or the host was restarted."
        if self.state is not State.FAILED:
            return f"{name} was stopped."
        last = f": {one_line(self.lines[-1], 200).rstrip('.')}" if self.lines else ""
        return f"{name} ended with status {self.status}{last}."


# Nothing in these two is longer than it must be: they are sent with every look. There is no
# exclamation mark in them, which some shells read even in quotes.
_SHARED = """
birth() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  shift 19
  echo "$1"
}
boot=-
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || :
"""
# TERM goes to the whole group: the shell waits for the command and writes down how it ended.
_WRAPPER = (
    _SHARED
    + """
d=$1
shift
trap : TERM HUP INT
b=$(birth "$$") || b=-
ln -s "$$ $b $boot" "$d/pid" 2>/dev/null || exit 0
"$@" >"$d/out" 2>&1
rc=$?
echo "$rc" >"$d/rc.new" && mv "$d/rc.new" "$d/rc"
"""
)
_SCRIPT = (
    _SHARED
    + """
verb=$1 base=$2 d=$2/opsroom-$3 grace=$4 days=$5 wrapper=$6
shift 6
nap() { sleep 0.1 2>/dev/null || sleep 1; }
folder() { (umask 077; mkdir -p "$d") 2>/dev/null; }
# Who is left of the session of the command, without those that are dead already.
members() {
  set -- $(readlink "$d/pid")
  pid=$1
  [ "$3" = "$boot" ] || return 0
  if [ "$2" = - ]; then
    kill -s 0 -- "-$pid" 2>/dev/null && echo "-$pid"
    return 0
  fi
  now=$(birth "$pid") && [ "$now" != "$2" ] && return 0
  for f in /proc/[0-9]*/stat; do
    { read -r line <"$f"; } 2>/dev/null || continue
    p=${f#/proc/}
    set -- ${line##*) }
    [ "$4" = "$pid" ] && case $1 in Z | X) ;; *) echo "${p%/stat}" ;; esac
  done
  return 0
}
ended() {
  { read -r rc <"$d/rc"; } 2>/dev/null || return 1
  if [ -e "$d/stop" ] && [ "$rc" -ne 0 ]; then echo "stopped $rc"; else echo "ended $rc"; fi
}
report() {
  if [ ! -L "$d/pid" ]; then echo absent
  elif [ "$(readlink "$d/pid")" = closed ]; then echo closed
  elif [ -e "$d/stop" ] && [ -n "$(members)" ]; then echo running
  elif ended; then :
  elif [ -n "$(members)" ]; then echo running
  elif ended; then :
  elif [ -e "$d/stop" ]; then echo stopped 0
  else echo lost
  fi
  tail -c 4000 "$d/out" 2>/dev/null
}
send() {
  left=$(members)
  [ -z "$left" ] || kill -s "$1" -- $left 2>/dev/null
  [ -n "$left" ]
}
case $verb in
start)
  command -v setsid >/dev/null || { echo nosetsid; exit 0; }
  folder || { echo nofolder; exit 0; }
  find "$base" -mindepth 1 -maxdepth 1 -type d -name "opsroom-*" -mtime "+$days" \\
    -exec rm -rf {} + 2>/dev/null
  if [ ! -L "$d/pid" ]; then
    setsid sh -c "$wrapper" opsroom "$d" "$@" </dev/null >/dev/null 2>&1 &
    n=0
    until [ -L "$d/pid" ] || [ "$n" -ge 100 ]; do nap; n=$((n + 1)); done
  fi
  ;;
stop)
  folder || { echo nofolder; exit 0; }
  if ! ln -s closed "$d/pid" 2>/dev/null && [ "$(readlink "$d/pid")" != closed ]; then
    [ -e "$d/rc" ] || : >"$d/stop"
    if [ -e "$d/stop" ]; then
      send TERM
      n=0
      while [ -n "$(members)" ] && [ "$n" -lt "$grace" ]; do nap; n=$((n + 1)); done
      n=0
      while send KILL && [ "$n" -lt 30 ]; do nap; n=$((n + 1)); done
    fi
  fi
  ;;
esac
report
"""
)
_STATES = {
    "absent": State.ABSENT,
    "closed": State.CLOSED,
    "running": State.RUNNING,
    "lost": State.LOST,
    "stopped": State.STOPPED,
}


class RemoteCommand:
    """The command of one deployment (`key`) on one host. `folder` is where its state is kept there,
    from the user's home folder on."""

    def __init__(self, client: Client, host: str, folder: str, key: str) -> None:
        self.host = host
        self._client = client
        self._folder = folder
        # Hosts may share a home folder.
        name = "".join(one if one.isalnum() else "_" for one in host)
        self._key = f"{key}-{name}"

    def start(self, arguments: Sequence[str], check: Optional[Check] = None) -> Report:
        """Start it, unless that has been done: it may be asked again after a lost answer."""
        return self._call("start", arguments, check)

    def look(self, check: Optional[Check] = None) -> Report:
        """How far it is."""
        return self._call("look", check=check)

    def stop(self) -> Report:
        """End it and all that is left of its session: TERM, GRACE seconds, KILL. One that has not
        begun never will. What it left running after a success stays."""
        return self._call("stop", more=GRACE + 5.0)

    def _call(
        self,
        verb: str,
        arguments: Sequence[str] = (),
        check: Optional[Check] = None,
        more: float = 0.0,
    ) -> Report:
        """Raises Failure as `Client.run` does, and Failure(deploy_failed) where the host lacks what
        the script needs."""
        tenths = str(round(GRACE * 10))
        fixed = [verb, self._folder, self._key, tenths, str(KEPT_DAYS), _WRAPPER, *arguments]
        words = ["sh", "-c", _SCRIPT, "opsroom", *fixed]
        answer = self._client.run(self.host, words, TIME_LIMIT + more, check)
        first, _, output = answer.text.partition("\n")
        name, _, status = first.partition(" ")
        lines = tuple(line.strip() for line in output.splitlines() if line.strip())[-20:]
        if name == "ended":
            state = State.DONE if status == "0" else State.FAILED
            return Report(state, int(status), lines)
        if name in _STATES:
            return Report(_STATES[name], int(status or 0), lines)
        raise self._unable(name, (*answer.errors, *answer.text.splitlines()))

    def _unable(self, name: str, lines: Sequence[str]) -> Failure:
        if name == "nosetsid":
            reason, hint = "has no program setsid", "An administrator installs util-linux there."
        elif name == "nofolder":
            reason = f"does not let this user make the folder {self._folder}"
            hint = "An administrator gives it a home folder, or sets the key folder."
        else:
            text = one_line(lines[-1], 160).rstrip(".") if lines else ""
            reason = "cannot keep the state of a deployment" + (f" ({text})" if text else "")
            hint = "It needs a POSIX shell, readlink, ln, find and tail."
        facts = {"host": self.host, "sent": False}
        return Failure(Code.DEPLOY_FAILED, f"{self.host} {reason}.", hint, facts)
