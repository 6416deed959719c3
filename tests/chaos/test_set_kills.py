"""The daemon is killed at each step of `keep --all`: the next start has the whole set or none of it, and asked again it is whole.

Each kill is a fork of its own, before a call that changes what the disk names; the last of them comes to its end.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.deadlines import HANG_S

TRACKS = ("Bass", "Guitar", "Keys")
KILLED = """
import asyncio, json, os, signal, sys
from pathlib import Path
from daemon.features.keeping import sets
from daemon.features.keeping.asking import Ask
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.integration.test_keep_all import keeping_of
from tests.integration.test_keeping import Desk

TRACKS, ASK = sys.argv[2].split(","), Ask(seconds=1.0, asked="plugin:7")
home = Path(sys.argv[1])

async def keep(home, kill_at):
    desk = Desk(home)
    for track in TRACKS:
        await desk.load(track, 0.1)
    calls = 0
    def counted(call):
        def counting(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)
        return counting
    for name in ("rename", "mkdir", "rmdir", "fsync"):
        setattr(os, name, counted(getattr(os, name)))
    commit = Store.add_takes
    Store.add_takes = counted(commit)
    await keeping_of(desk).keep(ASK)

async def start_again(home):
    (home / "run").rename(home / "run before")
    desk = Desk(home)
    await desk.takes.open()
    there = [len(desk.store.takes_of_set(one)) for one in desk.store.set_ids(9)]
    strays = [path.name for path in desk.takes.folder.iterdir() if path.name.startswith(".")]
    for track in TRACKS:
        await desk.load(track, 0.1)
    asked = len((await keeping_of(desk).keep(ASK)).takes)
    sets_then = len(desk.store.set_ids(9))
    sounds = all(desk.sound(take) for one in desk.store.set_ids(9) for take in desk.store.takes_of_set(one))
    desk.close()
    desk.store.close()
    print(json.dumps([there, asked, sets_then, strays, sounds]), flush=True)

kill_at, status = 0, 1
while status:
    kill_at += 1
    (one := home / str(kill_at)).mkdir()
    pid = os.fork()
    if not pid:
        asyncio.run(keep(one, kill_at))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), status
    asyncio.run(start_again(one))
"""


def test_a_set_is_whole_or_not_at_all_wherever_the_daemon_is_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), ",".join(TRACKS)],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    whole = [len(TRACKS)]
    assert len(found) > 4 * len(TRACKS), "a kill at every step"
    assert {tuple(there) for there, *_ in found} == {(), tuple(whole)}, "none of it, or all of it"
    assert [there for there, *_ in found] == sorted(there for there, *_ in found), (
        "from one step on it is kept"
    )
    assert all((asked, sets) == (len(TRACKS), 1) for _, asked, sets, _, _ in found)
    assert not any(strays for *_, strays, _ in found) and all(sounds for *_, sounds in found)
