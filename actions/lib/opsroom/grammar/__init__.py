"""The chat grammar: what each command may look like, in one table (`commands`).

From it `formats` makes what StackStorm and hubot match, and `console/formats.py` writes that into
`aliases/`; `free_text` takes apart the commands that chat passes on whole. A message has exactly
one form or none: forms that could overlap exclude each other, and one alias, `unknown`, takes what
begins like a command and has no form.

The expressions run in Python (StackStorm) and in JavaScript (hubot). Each takes time in proportion
to the length of the message: a word and a gap cannot be divided in two ways, what may stand
anywhere is searched from the end and found at once, and a message with a gap of 100 blanks is no
command. They contain no equals sign (`\\x3d` is one), since StackStorm reads one as the default of
a parameter, and nothing that only Python understands.
"""
