"""At the start: what lies on the disk and in the run folder goes on, was closed in peace, or is offered."""

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from bridge.errors import BridgeError
from bridge.shm import SEGMENT, RingFile
from bridge.system import boot_id
from daemon.core.journal import MAX_LIFE
from daemon.core.stretches import Fate, RingState, fate
from daemon.errors import SidechainError
from daemon.features.history.holdings import Holdings
from daemon.features.history.rounds import Rounds
from daemon.rings.journal_files import CLOSED, Mark, read_mark, read_ring
from daemon.system.files import make_folder, sweep
from plugin_protocol import layout
from plugin_protocol.errors import RemoteProtocolError

log = logging.getLogger(__name__)

LIFE_FILE = "life"  # in the run folder
UNKNOWN_HOST = "a plugin"

Found = list[tuple[RingFile, RingState]]


def judge(holdings: Holdings, rounds: Rounds, life: str, is_closing: Callable[[], bool]) -> None:
    """Once, before the first round. [the journal's thread]

    is_closing: the session ends meanwhile, and reading gigabytes must not hold it up.
    """
    make_folder(holdings.folder)
    sweep(holdings.folder)
    rings = _rings(holdings.config.run)
    for folder in sorted(p for p in holdings.folder.iterdir() if p.is_dir()):
        if is_closing():
            break
        try:
            _judge_one(holdings, rounds, life, folder, rings)
        except (OSError, SidechainError) as error:
            log.warning("journal %s: %s", folder.name, error)
    for ring in [ring for ring, state in rings if state is RingState.LEFT]:
        folder = rounds.folder_of(ring)
        if holdings.config.journal and not folder.exists():  # its host ended while no daemon ran
            rounds.salvage(folder, ring, UNKNOWN_HOST, "")
            holdings.end(folder, _mark("host"))
    for ring, _ in rings:
        ring.close()
    holdings.trim()


def _judge_one(holdings: Holdings, rounds: Rounds, life: str, folder: Path, rings: Found) -> None:
    segments = read_ring(folder, verify=False)
    if not segments:
        return None  # unreadable: left for who wants to look, and doctor says so
    origin, mark = segments[-1].origin, read_mark(folder)
    same_life = bool(life) and origin.boot_id == life
    mine = [(r, state) for r, state in rings if r.header.instance_id.hex() == origin.instance]
    states = {state for _, state in mine}
    state = next((s for s in RingState if s in states), RingState.ABSENT)
    what = fate(state, marked=mark is not None, same_life=same_life)
    if what is Fate.LIVE:
        return holdings.load(folder, None)
    if mark:
        return holdings.reread(folder)
    if what is Fate.CLOSED and holdings.config.history_keep_hours <= 0:
        return holdings.forget(folder)
    ring = next((r for r, _ in mine if r.header.generation == origin.generation), None)
    if ring and holdings.config.journal:
        rounds.salvage(folder, ring, origin.host_name, origin.track_name)
    went_down = "host" if state is RingState.LEFT or same_life else "machine"
    return holdings.end(folder, _mark(CLOSED if what is Fate.CLOSED else went_down))


def _mark(why: str) -> Mark:
    return Mark(why=why, ended_us=time.time_ns() // 1000)


def _rings(run_dir: Path) -> Found:
    """Those in the run folder that can be read, open."""
    found = []
    for name in ring_names(run_dir):
        try:
            ring = RingFile.open(run_dir, name)
            retired = ring.state() is layout.RingState.RETIRED
        except (BridgeError, RemoteProtocolError, OSError):
            continue
        left = RingState.RETIRED if retired else RingState.LEFT
        found.append((ring, RingState.WRITTEN if ring.writer_alive() else left))
    return found


def ring_names(run_dir: Path) -> list[str]:
    """The Rings of the run folder. Raises OSError. [worker]"""
    return sorted(name for name in os.listdir(run_dir) if SEGMENT.fullmatch(name))


def life_of(run_dir: Path) -> str:
    """Which start of the machine this is, and which making of the run folder, for Rings end with either: a session that
    goes down takes its /run/user/UID along. "" when the system does not tell."""
    try:
        if not (mark := run_dir / LIFE_FILE).exists():
            mark.write_text(secrets.token_hex(8), encoding="utf-8")
        machine = boot_id()
        return f"{machine}/{mark.read_text(encoding='utf-8')}"[:MAX_LIFE] if machine else ""
    except (OSError, UnicodeDecodeError):
        return ""


def keep_life(run_dir: Path, life: str) -> bool:
    """Write the mark again, as `life` says it, when somebody removed it; True: it was. Else the next start would take plugins
    that were closed in peace for such as went down with the session."""
    mark, said = run_dir / LIFE_FILE, life.partition("/")[2]
    if not said or mark.exists():
        return False
    with contextlib.suppress(OSError):  # no room: tried again at the next look
        mark.write_text(said, encoding="utf-8")
        return True
    return False
