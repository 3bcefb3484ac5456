#!/usr/bin/env bash
# Behaviour: PagerDuty's own client sends "create an incident" four times when each answer is lost, without an incident_key, and
#   then says that it tried three times.
# One would guess: one POST, since a lost answer does not say that nobody was paged.
# Seen: pagerduty 7.2.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install pagerduty==7.2.0
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null
export SSL_CERT_FILE=$PWD/certificate.pem
python - <<'PY'
import logging
import re

import pagerduty
from expect import expect
from scripted_server import DROP, ScriptedServer

logging.disable(logging.CRITICAL)
server = ScriptedServer(lambda method, path: DROP, "certificate.pem", "key.pem")
client = pagerduty.RestApiV2Client("key", default_from="bot@example.com")
client.url = server.url
incident = {"type": "incident", "title": "checkout is down", "service": {"id": "PXYZ123", "type": "service_reference"}}
try:
    client.rpost("incidents", json={"incident": incident})
except pagerduty.Error as error:
    expect("it says", re.search(r"maximum number of attempts \(\d+\)", str(error)).group(), "maximum number of attempts (3)")
expect("POSTs sent", server.count("POST"), 4)
PY
