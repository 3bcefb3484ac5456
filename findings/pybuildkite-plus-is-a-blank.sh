#!/usr/bin/env bash
# Behaviour: pybuildkite writes dates, creators and meta data into the address as they are. A + arrives as a blank: the time
#   2026-12-01T09:00:00+00:00 as "2026-12-01T09:00:00 00:00", the release 1.4.0+7 as "1.4.0 7", so that a search for builds finds others or none.
# One would guess: that what is searched for arrives; branches, which it does encode, do.
# Seen: pybuildkite 1.3.0, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install pybuildkite==1.3.0
python - <<'PY'
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from expect import expect
from pybuildkite.builds import Builds
from pybuildkite.client import Client
from scripted_server import ScriptedServer

server = ScriptedServer(lambda method, path: (200, {}, []))
builds = Builds(Client(), server.url + "/v2/")


def arrives(name, **search):
    builds.list_all(**search)
    return parse_qs(urlsplit(server.requests[-1][1]).query)[name]


since = datetime(2026, 12, 1, 9, tzinfo=timezone.utc)
expect("created_from", arrives("created_from", created_from=since), ["2026-12-01T09:00:00 00:00"])
expect("meta data", arrives("meta_data[release]", meta_data={"release": "1.4.0+7"}), ["1.4.0 7"])
expect("branch", arrives("branch", branch="fix/1.4.0+7"), ["fix/1.4.0+7"])
PY
