"""Sets up one-time codes for a person: `python -m opsroom.enrol NAME`. Changes nothing; prints what
to do."""

from __future__ import annotations

import argparse
import sys
from typing import Optional, Sequence

from .errors import Refusal
from .names import check_identifier

ISSUER = "opsroom"


def instructions(name: str, secret: str) -> str:
    """What an administrator does with a new secret: into the person's app, into the datastore, into
    the config."""
    import pyotp

    key = f"opsroom_totp_{name}"
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    return "\n".join(
        [
            f"One-time codes for {name}. This is shown once, and kept nowhere yet.",
            "",
            f"1. {name} adds it to an authenticator app, by this address (as a QR code, made on "
            "this machine):",
            f"     {uri}",
            f"   or by hand: account {name}, key {secret}, time-based, 6 digits, 30 s.",
            "",
            "2. Keep it encrypted in StackStorm's datastore (a blank before st2 keeps it out of "
            "most histories):",
            f"      st2 key set {key} {secret} --encrypt",
            "",
            "3. Tell opsroom, in /opt/stackstorm/configs/opsroom.yaml:",
            "     people:",
            f"       {name}:",
            f'         totp: "{{{{ st2kv.system.{key} }}}}"',
            "   then: st2ctl reload --register-configs",
        ]
    )


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command. Exit status 0, or 2 when the name cannot be one."""
    parser = argparse.ArgumentParser(prog="python -m opsroom.enrol", description=__doc__)
    parser.add_argument("name", help="the person, as opsroom.yaml names them under 'people'")
    given = parser.parse_args(arguments)
    try:
        name = check_identifier(given.name, "a person")
    except Refusal as refusal:
        sys.stderr.write(refusal.sentence() + "\n")
        return 2
    import pyotp

    sys.stdout.write(instructions(name, pyotp.random_base32()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
