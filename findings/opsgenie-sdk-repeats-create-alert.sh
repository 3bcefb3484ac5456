#!/usr/bin/env bash
# Behaviour: Opsgenie's own SDK sends "create an alert" six times when each answer is lost, over some ten seconds, by default
#   and without an alias of its own that would let Opsgenie see that it is one alert.
# One would guess: once, or repeated with an alias made for it.
# Seen: opsgenie-sdk 2.1.5, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install opsgenie-sdk==2.1.5
python - <<'PY'
import opsgenie_sdk
from expect import expect
from scripted_server import DROP, ScriptedServer, outcome

server = ScriptedServer(lambda method, path: DROP)
settings = opsgenie_sdk.configuration.Configuration()
settings.host, settings.api_key["Authorization"] = server.url, "key"
alerts = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration=settings))
payload = opsgenie_sdk.CreateAlertPayload(message="checkout is down")
expect("how it ended", outcome(lambda: alerts.create_alert(payload)), "RetryError")
expect("POSTs sent", server.count("POST"), 6)
expect("alias", payload.alias, None)
PY
