"""Where sockets, lock and Rings live: one directory that belongs to the user alone.

`run_dir` only computes; `prepare_run_dir` makes and checks. The C client follows the same order of places
(SPEC.md section 2), or the two would never meet.
"""

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.errors import RunDirRefused
from bridge.system import UserId, make_private_folder, user_id, why_not_private

PLUGIN_SOCKET = "plugin.sock"
CONTROL_SOCKET = "control.sock"
LOCK_FILE = "daemon.lock"
# sun_path holds one more, the closing NUL (unix(7)); on Windows the path is that of a file like any other.
MAX_SOCKET_PATH_BYTES = {"darwin": 103, "win32": 1_023}.get(sys.platform, 107)
_DARWIN_USER_TEMP_DIR = 65_537  # of confstr(3), for which Python has no name


def run_dir(
    env: Mapping[str, str], uid: UserId | None = None, exists: Callable[[Path], bool] = Path.is_dir
) -> Path:
    """The run directory of user `uid`, None: ours; not made, not checked. An empty variable counts as unset. [any]

    SIDECHAIN_RUN_DIR, else $XDG_RUNTIME_DIR/sidechain, else /run/user/UID/sidechain if /run/user/UID is there
    (a service may lack the variable), else /dev/shm/sidechain-UID. On Windows %LOCALAPPDATA%\\Sidechain\\run, on macOS
    in the user's own temporary folder.
    """
    if own := env.get("SIDECHAIN_RUN_DIR"):
        return Path(own)
    if sys.platform == "win32":
        found = Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local", "Sidechain", "run")
    elif sys.platform == "darwin":
        found = Path(os.confstr(_DARWIN_USER_TEMP_DIR) or "/tmp", "sidechain")  # not $TMPDIR: hosts set it
    else:
        found = _by_login(env, user_id() if uid is None else uid, exists)
    return found


def _by_login(env: Mapping[str, str], uid: UserId, exists: Callable[[Path], bool]) -> Path:
    if runtime := env.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "sidechain"
    user_dir = Path(f"/run/user/{uid}")
    return user_dir / "sidechain" if exists(user_dir) else Path(f"/dev/shm/sidechain-{uid}")


def check_run_dir(path: Path) -> None:
    """Raises RunDirRefused unless `path` is a real directory, ours, closed to all others, with room for names."""
    try:
        found = os.lstat(path)
    except OSError as error:
        raise RunDirRefused(path, f"cannot be used: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise RunDirRefused(path, "is not a directory (links are not followed)")
    if (why := why_not_private(path, found, "0700")) is not None:
        raise RunDirRefused(path, why)
    longest = len(os.fsencode(path / CONTROL_SOCKET))
    if longest > MAX_SOCKET_PATH_BYTES:
        raise RunDirRefused(
            path, f"has too long a name: sockets in it would have {longest} of {MAX_SOCKET_PATH_BYTES} bytes"
        )


def prepare_run_dir(path: Path) -> Path:
    """`path`, made 0700 if it was missing, and checked. Parents are made as the user's umask says.

    Raises RunDirRefused. Nothing is repaired: a directory that others could write to may hold their files.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        make_private_folder(path)
    except FileExistsError:
        pass
    except OSError as error:
        raise RunDirRefused(path, f"cannot be made: {error.strerror}") from error
    check_run_dir(path)
    return path
