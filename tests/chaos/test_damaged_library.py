"""The library damaged under the real daemon and the real relay: every take is there, each is posted exactly once."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import bridge.control as c
from daemon.cli.stage import Stage, end
from tests.acceptance.test_interruptions import keep
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.native import build
from tests.support.whole import short_folder
from tests.unit.daemon.library.test_rebuild import harm

SEED = 11
HARMS = ("flip", "zero", "truncate", "noise", "log gone", "gone")


def do_harm(library: Path, kind: str, chance: random.Random) -> None:
    if kind == "gone":
        library.unlink()
    elif kind == "log gone":
        library.with_name(library.name + "-wal").unlink()
    else:
        with closing(sqlite3.connect(library)) as db:  # or most of it would still lie in the log
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        harm(library, kind, chance)


async def test_a_damaged_library_costs_no_take_and_makes_no_second_post() -> None:
    build()
    chance = random.Random(SEED)
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            posted: list[str] = []
            silent: list[str] = []
            told = 0
            for kind in HARMS:
                host = await play(stage, daemon, bars=3)  # anew: restarts on a slow machine outlast a Ring
                done = await keep(daemon, f"{kind} done")
                await settled(daemon, done)
                kept = await daemon.client.request(c.KeepTake(bars=1, title=f"{kind} kept"))
                assert isinstance(kept, c.OneTake)
                silent.append(kept.take.take_id)
                posted += [done, await keep(daemon, f"{kind} under way")]
                await end(host.process)
                daemon.process.kill()
                await daemon.process.wait()
                do_harm(daemon.data / "library.sqlite3", kind, chance)
                daemon = await stage.daemon("a", relay_url)
                status = await daemon.client.request(c.GetStatus())
                assert isinstance(status, c.Status)
                told += any("library" in notice for notice in status.notices)
                assert status.takes == len(posted) + len(silent), f"{kind}, seed {SEED}"
            ends = [await settled(daemon, take_id) for take_id in posted]
            assert {t.entry_state for t in ends} == {"accepted"}
            titles = [str(post["title"]) for post in await asyncio.to_thread(global_feed, relay_url)]
            wanted = [f"{kind} {what}" for kind in HARMS for what in ("done", "under way")]
            print(f"damages={len(HARMS)} told={told} takes={status.takes} posts={len(titles)} seed={SEED}")
            assert sorted(titles) == sorted(wanted), f"seed {SEED}"
            for take_id in silent:
                reply = await daemon.client.request(c.ShowTake(take_id=take_id))
                assert isinstance(reply, c.OneTake) and reply.take.entry_state is None
            assert told >= 2, "what is gone or cut off is noticed; a flipped bit may lie where nothing is"
            assert len(list(daemon.data.glob("library.damaged-*.sqlite3"))) >= told - 1
