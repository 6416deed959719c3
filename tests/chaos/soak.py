"""A chaos run: `python -m tests.chaos.soak --seed N --minutes M` or `--rounds R`, then the checker's verdict.

Plan (plan.py) -> world (world.py) and what goes wrong in it (nemesis.py) -> history, final state -> checker.py as a
program of its own. The same seed plans the same again; what threads make of it may differ.
"""

import argparse
import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bridge.control as c
from tests.chaos import final_state
from tests.chaos.checker import ENDED
from tests.chaos.daemons import ROOT
from tests.chaos.disks import no_fuse
from tests.chaos.nemesis import do
from tests.chaos.plan import Round, rounds
from tests.chaos.world import LARK, LISTENER, OWL, PLAYED_BARS, World, end_hosts, keyring_is_here, world
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import short_folder

ROUND_LIMIT_S = 2 * HANG_S
REST_LIMIT_S = HANG_S  # in which nothing moves


async def run(seed: int, plan: Iterator[Round], out: Path, *, with_keyring: bool) -> None:
    """Carry the plan out, bring all to rest, and write out/history.jsonl, out/final.json and everybody's logs."""
    with short_folder() as folder, logs_kept(folder, out):
        async with world(folder, out / "history.jsonl", with_keyring=with_keyring) as here:
            here.note("note", of="run", sentence=f"seed {seed}")
            for planned in plan:
                here.note("round", number=planned.number)
                async with asyncio.timeout(ROUND_LIMIT_S):
                    await asyncio.gather(
                        *(do(here, fault) for fault in planned.faults), *(here.ask(a) for a in planned.asks)
                    )
            final = await _rest(here)
    (out / "final.json").write_text(json.dumps(final, indent=1))


@contextmanager
def logs_kept(folder: Path, out: Path) -> Iterator[None]:
    """What is broken once in a hundred runs must be explained by that one."""
    try:
        yield
    finally:
        for log in folder.glob("*.log"):
            shutil.copy(log, out)


async def _rest(here: World) -> dict[str, Any]:
    """Everything mended, done, swept, heard, ended; then looked at."""
    for account in (LARK, OWL):
        await here.claim(account)
        await _outbox_rests(here, account)
    await here.producer.kill()
    await here.producer.start()
    await _outbox_rests(here, OWL)
    await _followers_have_all(here)
    open_strays = await asyncio.to_thread(final_state.open_strays, here.producer)
    await end_hosts(here)
    segments = await asyncio.to_thread(final_state.segments_of, here.producer.run)
    for daemon in (here.producer, here.follower):
        await daemon.kill(signal.SIGTERM)
    here.relay.terminate()
    await here.relay.wait()
    facts = await asyncio.to_thread(_facts, here)
    facts["strays"] |= {"descriptors": open_strays, "segments": segments}
    return facts


def _facts(here: World) -> dict[str, Any]:
    daemon = final_state.of_daemon(here.producer.data, final_state.played(PLAYED_BARS))
    relay = final_state.of_relay(here.relay_data, LISTENER)
    locks = [lock for of in (here.producer, here.follower) for lock in final_state.lock_held(of.run)]
    return {
        **{key: daemon[key] for key in ("takes", "entries")},
        **{key: relay[key] for key in ("posts", "uploads", "log", "objects")},
        "feeds": {"follower": final_state.feed_of(here.follower.data)},
        "feed_limit": final_state.FEED_LIMIT,
        "integrity": {"producer": daemon["integrity"], "relay": relay["integrity"]},
        "strays": daemon["strays"] | relay["strays"] | {"locks": locks, "workers": here.server.workers()},
    }


async def _outbox_rests(here: World, account: str) -> None:
    """Until nothing of this account is under way. What is halted is asked for once more, as a person would."""
    await here.producer.ask(c.RetryEntries(entry_id="all"))
    library = here.producer.data / "library.sqlite3"

    def at_work() -> list[str]:
        entries = final_state.rows(
            library, f"SELECT state FROM entry WHERE coalesce(account, '{account}') = '{account}'"
        )
        takes = final_state.rows(library, "SELECT take_id FROM take WHERE state = 'kept'")
        return [*(state for (state,) in entries if state not in ENDED), *(take_id for (take_id,) in takes)]

    await _rests(here, f"the outbox of {account}", at_work)


async def _followers_have_all(here: World) -> None:
    """Until the follower's feed and the probe stand where the relay stands."""

    def behind() -> list[str]:
        relay = final_state.of_relay(here.relay_data, LISTENER)
        missing = {post["id"] for post in relay["posts"]} - set(final_state.feed_of(here.follower.data))
        at = here.heard_at
        late = [str(what) for n, i, what in relay["log"]["events"] if at is None or (n, i) > at[1]]
        return [*missing, *late]

    await _rests(here, "listeners", behind)


async def _rests(here: World, of: str, at_work: Callable[[], list[str]]) -> None:
    """Until nothing is at work, or for long nothing has moved: then the checker will see what is stuck."""
    last: list[str] = []
    while busy := await asyncio.to_thread(at_work):
        if busy != last:
            last, deadline = busy, time.monotonic() + REST_LIMIT_S
        if time.monotonic() > deadline:
            here.note("note", of=of, sentence=f"does not come to rest: {busy[:10]}")
            return
        await asyncio.sleep(0.1)


def verdict(out: Path) -> tuple[int, str]:
    """The checker's exit code and words."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos.checker", str(out / "history.jsonl"), str(out / "final.json")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return ran.returncode, ran.stdout + ran.stderr


def until(plan: Iterator[Round], deadline_s: float) -> Iterator[Round]:
    """As many rounds as begin before a moment of the monotonic clock."""
    return itertools.takewhile(lambda _: time.monotonic() < deadline_s, plan)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, help="this many rounds instead of minutes")
    parser.add_argument("--out", type=Path, help="where the history goes (default: a new folder)")
    given = parser.parse_args()
    out = given.out or Path(tempfile.mkdtemp(prefix="chaos-"))
    out.mkdir(parents=True, exist_ok=True)
    print(f"seed {given.seed}; again with: make chaos SEED={given.seed}; history in {out}", flush=True)
    build()
    have = have_here()
    plan = rounds(given.seed, have)
    if given.rounds:
        plan = itertools.islice(plan, given.rounds)
    else:
        plan = until(plan, time.monotonic() + 60 * given.minutes)
    asyncio.run(run(given.seed, plan, out, with_keyring="keyring" in have))
    code, words = verdict(out)
    print(words, end="")
    return code


def have_here() -> set[str]:
    """What there is to break on this machine, and says what is not."""
    have = set()
    if why := no_fuse():
        print(f"left out: faults of the disk; {why}")
    else:
        have.add("disk")
    if keyring_is_here():
        have.add("keyring")
    else:
        print("left out: the keyring; gnome-keyring or dbus is not installed")
    return have


if __name__ == "__main__":
    sys.exit(main())
