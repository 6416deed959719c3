"""One keyring call in a process that may be killed: `get PROFILE` prints the secret, `set PROFILE` reads it,
`delete PROFILE` forgets it.

Exit code 0 done (nothing printed: no such secret), 1 refused, with one line on stderr.
"""

import sys

from bridge.system import forbid_dumps

SERVICE = "sidechain"
ALLOWED = ("SecretService", "kwallet", "libsecret", "macOS", "Windows")
"""Modules of `keyring.backends` that keep a secret secret; anything else, such as keyrings.alt, is refused."""


def main(argv: list[str]) -> int:
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.backends.chainer import ChainerBackend

    forbid_dumps()
    verb, profile = argv
    backend: KeyringBackend = keyring.get_keyring()
    candidates = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    fit = [b for b in candidates if type(b).__module__.removeprefix("keyring.backends.") in ALLOWED]
    if not fit:
        print(f"no keyring of a kind that is allowed (found {type(backend).__name__})", file=sys.stderr)
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
