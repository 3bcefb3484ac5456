#!/usr/bin/env bash
# Behaviour: in YAQL, `[false, false].any()` is true: without a condition any() asks only whether there is an element, while all() looks at each.
#   And 3 / 10 is 0: two whole numbers are divided without a remainder. A gate `<% ctx(healthy).any() %>` lets all hosts be down, and
#   `<% ctx(failed) / ctx(total) > 0.2 %>` never stops a roll-out. Both are in the examples of YAQL's documentation.
# One would guess: false and 0.3, as in Python and in Jinja, the other language of the same workflows.
# Seen: yaql 3.2.0 and Jinja2 3.1.6, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install yaql==3.2.0 jinja2==3.1.6
python - <<'PY'
import collections.abc  # noqa: F401  yaql 3.2.0 uses it without importing it

import jinja2
import yaql
from expect import expect

CONTEXT = {"healthy": [False, False], "failed": 3, "total": 10}
engine = yaql.factory.YaqlFactory().create()
jinja = jinja2.Environment()


def in_both(in_yaql, in_jinja):
    return engine(in_yaql).evaluate(data=CONTEXT), jinja.compile_expression(in_jinja)(**CONTEXT)


expect("any host healthy", in_both("$.healthy.any()", "healthy | select | list | length > 0"), (True, False))
expect("any($)", engine("$.healthy.any($)").evaluate(data=CONTEXT), False)
expect("all hosts healthy", engine("$.healthy.all()").evaluate(data=CONTEXT), False)
expect("failed / total", in_both("$.failed / $.total", "failed / total"), (0, 0.3))
expect("more than a fifth failed", in_both("$.failed / $.total > 0.2", "failed / total > 0.2"), (False, True))
PY
