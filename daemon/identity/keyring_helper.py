"""One keyring call in a process that may be killed: `get PROFILE` prints the secret, `set PROFILE` reads it,
`delete PROFILE` forgets it, and `peek PROFILE` is `get` that has no window ask for the keyring's password.

Exit code 0 done (nothing printed: no such secret), 1 refused, with one line on stderr, 3 locked.
"""

import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from bridge.system import forbid_dumps

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "sidechain"
LOCKED = 3
ALLOWED = ("SecretService", "kwallet", "libsecret", "macOS", "Windows")
"""Modules of `keyring.backends` that keep a secret secret; anything else, such as keyrings.alt, is refused."""


def _none_of(found: "Sequence[KeyringBackend]") -> str:
    """Why none of these will do: there is none, or it does not keep a secret."""
    kinds = [type(each).__module__.removeprefix("keyring.backends.") for each in found]
    others = [kind for kind in kinds if kind not in ("fail", "null")]
    return f"no keyring of a kind that is allowed (found {', '.join(others)})" if others else "there is none"


def _is_locked() -> bool:
    """Whether the Secret Service's own keyring is; its window stays away."""
    import secretstorage

    with closing(secretstorage.dbus_init()) as bus:
        return bool(secretstorage.Collection(bus).is_locked())


def main(argv: list[str]) -> int:
    import keyring
    import keyring.errors
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
        if verb == "peek" and type(fit[0]).__module__.endswith(".SecretService") and _is_locked():
            print("it is locked", file=sys.stderr)
            return LOCKED
        if verb in ("get", "peek"):
            print(fit[0].get_password(SERVICE, profile) or "")
        elif verb == "set":
            fit[0].set_password(SERVICE, profile, sys.stdin.read().strip())
        elif verb == "delete" and fit[0].get_password(SERVICE, profile) is not None:
            fit[0].delete_password(SERVICE, profile)
    except keyring.errors.KeyringLocked:
        print("it is locked", file=sys.stderr)
        return LOCKED
    except Exception as error:  # backends raise what they like; the parent only needs the words
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
