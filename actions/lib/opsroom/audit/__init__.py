"""The record as an auditor wants it: the changes of a period, what is missing, and whether the
chain holds."""
