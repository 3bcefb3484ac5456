#!/usr/bin/env bash
# Behaviour: the parser of prometheus_client renames each sample of a counter whose name does not end with "_total": of "deployments 3" it makes
#   "deployments_total", in what it parses and in what is exposed again from that. Rules and dashboards with the old name find nothing.
# One would guess: the sample as it is in the text: the suffix is a rule of OpenMetrics, and the text format, which this parser reads, has none.
# Seen: prometheus_client 0.26.0, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install prometheus_client==0.26.0
python - <<'PY'
from expect import expect
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse

TEXT = '# HELP deployments Deployments.\n# TYPE deployments counter\ndeployments{app="api"} 3\n'
families = list(parse(TEXT))
expect("parsed", [sample.name for family in families for sample in family.samples], ["deployments_total"])


class Relay:
    def collect(self):
        return parse(TEXT)


registry = CollectorRegistry()
registry.register(Relay())
exposed = generate_latest(registry).decode().splitlines()
expect("exposed again", exposed[-1], 'deployments_total{app="api"} 3.0')
PY
