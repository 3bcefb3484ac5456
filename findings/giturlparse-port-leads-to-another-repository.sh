#!/usr/bin/env bash
# Behaviour: giturlparse makes of ssh://git@git.example.com:2222/acme/web.git the address git@git.example.com:2222/acme/web.git, in which
#   git takes 2222 for a folder and uses port 22. Of an https address with a port, url2https drops the port and url2ssh has two colons.
# One would guess: the ssh:// form, which has a place for a port, and the same address back.
# Seen: giturlparse 0.16.0, with git's own reading of the address, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install giturlparse==0.16.0
git init --quiet .
python - <<'PY'
import subprocess

from expect import expect
from giturlparse import parse

ssh = parse("ssh://git@git.example.com:2222/acme/web.git")
https = parse("https://git.example.com:8443/acme/web.git")
expect("ssh", ssh.url2ssh, "git@git.example.com:2222/acme/web.git")
expect("https", https.url2https, "https://git.example.com/acme/web.git")
expect("https to ssh", https.url2ssh, "git@git.example.com::8443/acme/web.git")
for address, reading in (
    ("ssh://git@git.example.com:2222/acme/web.git", ("2222", "/acme/web.git")),
    (ssh.url2ssh, ("NONE", "2222/acme/web.git")),
):
    words = ["git", "fetch-pack", "--diag-url", address]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    parts = dict(line[6:].split("=", 1) for line in told.splitlines() if "=" in line)
    expect(f"git, {address}", (parts["port"], parts["path"]), reading)
PY
