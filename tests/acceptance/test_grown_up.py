"""The whole path on a relay of two processes with PostgreSQL, S3 and Valkey: the demo, and daemons at either process."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import soundfile

import bridge.control as c
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, until
from tests.support.deadlines import HANG_S
from tests.support.engines import Engines, cluster_servers
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, BPM, marked_groove, script, short_folder, write_wav

pytestmark = pytest.mark.slow
BARS = 9


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    folder = tmp_path_factory.mktemp("grown-up")
    with cluster_servers(folder / "servers") as servers, servers.engines(folder) as found:
        yield found


@pytest.fixture(autouse=True)
def _environment(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every relay that is started here."""
    for name, value in engines.environment.items():
        monkeypatch.setenv(name, value)


def test_the_demo_runs_on_servers_as_it_runs_without() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--headless", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["decoded_frames"] == figures["frames"] == 8 * BAR_FRAMES


async def test_a_post_reaches_the_other_process_and_a_killed_one_loses_nothing() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            (first, first_url), (_, second_url) = await stage.relay(), await stage.relay()
            producer = await stage.daemon("a", first_url)
            follower = await stage.daemon("b", second_url)
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="listener"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            events = follower.client.events()
            await follower.client.request(c.Subscribe())
            await _play(stage, producer)

            await producer.client.request(c.KeepTake(bars=8, title="before", post=True))
            item = (await until(events, c.ItemArrived)).item
            assert item.title == "before"
            assert await asyncio.to_thread(_frames_of, f"{second_url}/api/v1/audio/{item.post_id}/mp3") == (
                8 * BAR_FRAMES
            )

            first.kill()  # in the middle of whatever it does
            await first.wait()
            await producer.client.request(c.KeepTake(bars=4, title="after", post=True))
            await stage.relay(port=int(first_url.rpartition(":")[2]))
            assert (await until(events, c.ItemArrived)).item.title == "after", "once, and nothing between"


async def _play(stage: Stage, daemon: RunningDaemon) -> RunningHost:
    """The host plays at 16 times real time, stops its transport, and stays."""
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(BARS))
    lines = (f"tempo {BPM:g}", "meter 4 4", "start ppq 0", f"end {BARS * BAR_FRAMES}")
    transport = await asyncio.to_thread(script, stage.folder, *lines)
    options = ("--speed", "16", "--repeat", "0", "--hold", "--wait-attached", "10")
    host = await stage.host(daemon.run, "--script", str(transport), *options, str(wav))
    await host.event("played")
    return host


def _frames_of(url: str) -> int:
    with urlopen(url, timeout=HANG_S) as answer:
        decoded, _ = soundfile.read(io.BytesIO(answer.read()))
    return len(decoded)
