"""What `sidechain demo` shows: the whole path once, for real, on this machine, in a folder that goes away again.

Starts a relay and two daemons as processes of their own, claims them for a producer and a follower, lets the native
host play a loop through the C client, keeps the last 8 bars, posts them, and waits until the follower's daemon has
them. It speaks to all of them as any client does: nothing here reaches inside.
"""

import asyncio
import contextlib
import io
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import bridge.control as c
from daemon.cli.output import say
from daemon.cli.stage import RunningDaemon, Stage, until
from daemon.errors import SidechainError

BARS = 8
BPM = 128.0
RATE_HZ = 48_000
SPEED = 8.0  # times real time: ring and timeline do not know the difference
STEP_LIMIT_S = 120.0  # of what takes a second: it tells a hang from a slow machine


class Demo:
    """One run. `figures` is what `--json` prints."""

    def __init__(self, stage: Stage, *, quiet: bool, until: Callable[[], Awaitable[None]] | None) -> None:
        self._stage = stage
        self._quiet = quiet
        self._until = until
        self.figures: dict[str, object] = {}

    @contextlib.asynccontextmanager
    async def step(self, what: str) -> AsyncIterator[list[str]]:
        """Times a step and prints it, with what the block appended. A step that takes too long is an error."""
        more: list[str] = []
        started = time.perf_counter()
        try:
            async with asyncio.timeout(STEP_LIMIT_S):
                yield more
        except TimeoutError as error:
            raise SidechainError(
                f"The demo stopped at “{what}”: nothing came of it in {STEP_LIMIT_S:.0f} s."
            ) from error
        if not self._quiet:
            say(f"  {time.perf_counter() - started:6.2f} s  {' '.join([what, *more])}")

    async def run(self) -> None:
        """All steps, in the order of events. Raises SidechainError."""
        async with self.step("relay and two daemons started:") as more:
            _, relay_url = await self._stage.relay()
            producer, follower = await asyncio.gather(
                self._stage.daemon("a", relay_url), self._stage.daemon("b", relay_url)
            )
            more.append(relay_url)
        async with self.step("both devices claimed; night.listener follows night.owl"):
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="night.listener"))
            await follower.client.request(c.FollowUser(username="night.owl"))
        async with self.step(f"the host played {BARS + 1} bars at {BPM:g} BPM into its ring"):
            await self._play(producer)
        await self._keep_and_post(producer, follower)
        await self._look(follower)
        if self._until:
            say(f"\nLook and listen: {self.figures['post_url']}")
            await self._until()

    async def _play(self, producer: RunningDaemon) -> None:
        import soundfile

        from daemon.cli.groove import groove

        folder = self._stage.folder
        wav, script = folder / "groove.wav", folder / "transport.txt"
        await asyncio.to_thread(
            lambda: soundfile.write(wav, groove(BPM, BARS, RATE_HZ), RATE_HZ, subtype="FLOAT")
        )
        end_frame = round((BARS + 1) * 240 / BPM * RATE_HZ)
        await asyncio.to_thread(
            script.write_text, f"tempo {BPM:g}\nmeter 4 4\nstart ppq 0\nend {end_frame}\n"
        )
        host = await self._stage.host(
            producer.run,
            "--script",
            str(script),
            "--speed",
            f"{SPEED:g}",
            "--repeat",
            "0",
            "--hold",
            "--wait-attached",
            f"{STEP_LIMIT_S:g}",
            "--host-name",
            "sidechain-play",
            str(wav),
        )
        await host.event("played")

    async def _keep_and_post(self, producer: RunningDaemon, follower: RunningDaemon) -> None:
        at_producer, at_follower = producer.client.events(), follower.client.events()
        await producer.client.request(c.Subscribe())
        await follower.client.request(c.Subscribe())
        started = time.perf_counter()
        async with self.step(f"the last {BARS} bars kept; file, folder and row synced:") as more:
            kept = await producer.client.request(c.KeepTake(bars=BARS, title="demo loop", post=True))
            assert isinstance(kept, c.OneTake)
            take = kept.take
            self.figures["kept_s"] = round(time.perf_counter() - started, 4)
            more.append(f"{take.frames} frames, {take.bars} bars, {take.bpm or 0:g} BPM {take.meter}")
        async with self.step("posted, and in the follower's daemon:") as more:
            item = (await until(at_follower, c.ItemArrived)).item
            self.figures["keep_to_follower_s"] = round(time.perf_counter() - started, 4)
            more.append(f"“{item.title}” by {item.author}")
        async with self.step("levelled:") as more:
            while take.state != "ready" or take.entry_state != "accepted":
                if take.state == "failed" or take.entry_state in ("quarantined", "needs_attention"):
                    raise SidechainError(f"The demo's take failed: {take.error}.")
                take = (await until(at_producer, c.TakeChanged)).take
            more.append(
                f"{take.lufs_in:.1f} → {take.lufs_out:.1f} LUFS, {take.dbtp_out:.1f} dBTP ({take.loudness_reason})"
            )
        self.figures |= {
            "take_id": take.take_id,
            "frames": take.frames,
            "bars": take.bars,
            "bpm": take.bpm,
            "sample_rate_hz": round(take.sample_rate_hz),
            "lufs_in": take.lufs_in,
            "lufs_out": take.lufs_out,
            "dbtp_out": take.dbtp_out,
            "gain_db": take.gain_db,
            "loudness_reason": take.loudness_reason,
            "post_url": take.post_url,
        }

    async def _look(self, follower: RunningDaemon) -> None:
        """What the follower sees: the feed, the page, the sound."""
        import soundfile

        async with self.step("in the follower's feed; the page opens, its MP3 decodes to") as more:
            feed = await follower.client.request(c.GetFeed(limit=5))
            url = str(self.figures["post_url"])
            assert isinstance(feed, c.Feed)
            if not any(item.url == url for item in feed.items):
                raise SidechainError("The post is not in the follower's feed.")
            page = await asyncio.to_thread(_get, url)
            at = urlsplit(url)
            post_id = at.path.rsplit("/", 1)[-1]
            mp3 = await asyncio.to_thread(_get, f"{at.scheme}://{at.netloc}/api/v1/audio/{post_id}/mp3")
            samples, _ = await asyncio.to_thread(soundfile.read, io.BytesIO(mp3))
            self.figures["decoded_frames"] = len(samples)
            if len(samples) != self.figures["frames"] or b"demo loop" not in page:
                raise SidechainError(
                    f"The page or the sound is not what was posted ({len(samples)} frames decoded)."
                )
            more.append(f"{len(samples)} frames, as many as were kept")


def _get(url: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(url, timeout=10) as response:
        return bytes(response.read())


def run_demo(*, quiet: bool, until: Callable[[], Awaitable[None]] | None) -> dict[str, object]:
    """The whole path, in a folder that goes away again; its figures. until: returns when all may end, once all is shown."""
    folder = Path(tempfile.mkdtemp(prefix="sdc-demo-"))

    async def main() -> dict[str, object]:
        async with Stage(folder) as stage:
            run = Demo(stage, quiet=quiet, until=until)
            await run.run()
        return run.figures

    try:
        return asyncio.run(main())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def until_enter() -> None:
    """Until a person has looked."""
    say("Enter ends the demo.")
    await asyncio.to_thread(sys.stdin.readline)


async def until_interrupted() -> None:
    """Until Ctrl-C, or SIGTERM."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    say("Ctrl-C ends the demo.")
    await asked.wait()
