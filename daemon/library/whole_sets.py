"""Several Takes that are kept all or not at all, whatever ends the daemon meanwhile.

Their folders are written into one aside, and one rename of that is what keeps them. What ended before it is swept as all that
was half-written is; what ended after it the next start moves to the other Takes.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from bridge.system import sync_folder
from daemon.system.files import TMP_PREFIX, make_folder, remove_folder

KEPT_PREFIX = ".set-"


def begin(takes_dir: Path, set_id: str) -> Path:
    """The folder in which the folders of its Takes are written. Raises OSError. [worker]"""
    aside = takes_dir / f"{TMP_PREFIX}set-{set_id}"
    make_folder(aside)
    return aside


def keep(takes_dir: Path, set_id: str) -> None:
    """From here on they are kept. Raises OSError. [worker]"""
    os.rename(takes_dir / f"{TMP_PREFIX}set-{set_id}", takes_dir / f"{KEPT_PREFIX}{set_id}")
    sync_folder(takes_dir)


def move_out(takes_dir: Path) -> int:
    """Move what was kept to the other Takes; how many. Raises OSError. [worker]"""
    moved = 0
    for kept in sorted(takes_dir.glob(f"{KEPT_PREFIX}*")):
        for folder in sorted(kept.iterdir()):
            os.rename(folder, takes_dir / folder.name)
            moved += 1
        sync_folder(takes_dir)
        kept.rmdir()
    return moved


def undo(takes_dir: Path, set_id: str, take_ids: Iterable[str]) -> None:
    """It failed, and we say so: none of them comes back by itself, as far as the disk takes their names away. [worker]"""
    shutil.rmtree(takes_dir / f"{TMP_PREFIX}set-{set_id}", ignore_errors=True)
    for name in (f"{KEPT_PREFIX}{set_id}", *take_ids):
        with contextlib.suppress(OSError):
            remove_folder(takes_dir / name)
