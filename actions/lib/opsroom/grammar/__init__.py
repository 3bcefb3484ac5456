"""The chat grammar: what each command may look like, in one table (`commands`).

`formats` makes of it what StackStorm and hubot match, and `console/formats.py` writes that into
`aliases/`; `free_text` takes apart what chat hands over whole. A message is of exactly one form or
of none: forms that could meet exclude each other, and one alias, `unknown`, takes what begins like
a command and is of no form.

The expressions run in Python (StackStorm) and in JavaScript (hubot). Each takes a time that grows
with the length of the message alone: a word and a gap cannot be divided in two ways, what may stand
anywhere is looked for from the end and found at once, and a message with a gap of 100 blanks is no
command. There is no sign of equality in them (`\\x3d` is one), since StackStorm reads one as the
default of a parameter, and nothing that only Python understands.
"""
