"""The record as an auditor needs it: the changes of a period, what is missing, and whether the
chain is intact."""
