"""One keyring call in a process that may be killed: `get PROFILE` prints the secret, `set PROFILE` reads it,
`delete PROFILE` forgets it.

Exit code 0 done (nothing printed: no such secret), 1 refused, with one line on stderr.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.system import forbid_dumps

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "sidechain"
ALLOWED = ("SecretService", "kwallet", "libsecret", "macOS", "Windows")
"""Modules of `keyring.backends` that keep a secret secret; anything else, such as keyrings.alt, is refused."""


def _none_of(found: "Sequence[KeyringBackend]") -> str:
    """Why none of these will do: there is none, or it does not keep a secret."""
    kinds = [type(each).__module__.removeprefix("keyring.backends.") for each in found]
    others = [kind for kind in kinds if kind not in ("fail", "null")]
    return f"no keyring of a kind that is allowed (found {', '.join(others)})" if others else "there is none"


def main(argv: list[str]) -> int:
    import keyring
    from keyring.backends.chainer import ChainerBackend

    forbid_dumps()
    verb, profile = argv
    backend: KeyringBackend = keyring.get_keyring()
    candidates = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    fit = [b for b in candidates if type(b).__module__.removeprefix("keyring.backends.") in ALLOWED]
    if not fit:
        print(_none_of(candidates), file=sys.stderr)
        return 1
    try:
        if verb == "get":
            print(fit[0].get_password(SERVICE, profile) or "")
        elif verb == "set":
            fit[0].set_password(SERVICE, profile, sys.stdin.read().strip())
        elif verb == "delete" and fit[0].get_password(SERVICE, profile) is not None:
            fit[0].delete_password(SERVICE, profile)
    except Exception as error:  # backends raise what they like; the parent only needs the words
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
