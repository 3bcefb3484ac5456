#!/usr/bin/env bash
# Behaviour: sign() of standardwebhooks and svix drops the time zone of the time it is given and takes the time on its clock for UTC: the
#   signature of datetime.now(ZoneInfo("Europe/Berlin")) is refused by the same library, because it signs a time one hour later.
# One would guess: that an aware time is the moment it names. The signature fits where the zone is UTC, as it is in most tests.
# Seen: standardwebhooks 1.1.0 and svix 2.9.1, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install standardwebhooks==1.1.0 svix==2.9.1 tzdata==2026.6
python - <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

import standardwebhooks
import svix
from expect import expect

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


def verdict(library, zone):
    hook = library.Webhook(SECRET)
    now = datetime.now(ZoneInfo(zone))
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": hook.sign("msg_1", now, "{}"),
    }
    try:
        hook.verify("{}", headers)
        return "accepted"
    except Exception as error:
        return str(error)


for library in (standardwebhooks, svix):
    seen = {zone: verdict(library, zone) for zone in ("UTC", "Europe/Berlin")}
    expect(library.__name__, seen, {"UTC": "accepted", "Europe/Berlin": "No matching signature found"})
PY
