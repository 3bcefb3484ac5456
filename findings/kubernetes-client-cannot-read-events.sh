#!/usr/bin/env bash
# Behaviour: kubernetes 37 raises pydantic's ValidationError, no ApiException, when it lists events (events.k8s.io/v1) of which one has
#   eventTime null, as those that the kubelet writes have: "back-off pulling image" cannot be read through it.
# One would guess: that the client reads what the API server sends; eventTime is null for every event of the older kind.
# Seen: kubernetes 37.0.2, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install kubernetes==37.0.2
python - <<'PY'
from expect import expect
from kubernetes import client
from scripted_server import ScriptedServer, outcome

EVENT = {"metadata": {"name": "web.1", "namespace": "default"}, "reason": "BackOff", "type": "Warning"}
for what, time, ended in (("a time", "2026-11-30T10:00:00.000000Z", "returned"), ("null", None, "ValidationError")):
    events = {"kind": "EventList", "metadata": {}, "items": [{**EVENT, "eventTime": time, "note": "Back-off pulling image"}]}
    server = ScriptedServer(lambda method, path, events=events: (200, {}, events))
    settings = client.Configuration()
    settings.host = server.url
    api = client.EventsV1Api(client.ApiClient(settings))
    expect(f"eventTime is {what}", outcome(lambda: api.list_namespaced_event("default")), ended)
PY
