"""Recording from a sound device into a Ring, through the same C client as a plugin: so that the daemon's History, keeping and
takes work on it as on any Instance. Runs in a process of its own, that of whoever asked for it.

Not here: which device (system/sound_devices.py), and what is shown (cli/record.py).
"""

from collections.abc import Callable, Iterator

import msgspec

from audio.floats import peak
from bridge.plugin_client import PluginClient
from daemon.features.recording.counting import counted
from daemon.system.sound_devices import Input

HOST_NAME = "sidechain record"
BLOCKS_PER_S = 50
MAX_CHANNELS = 2  # of a Ring


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The tempo and meter that a person gave."""

    bpm: float
    meter: tuple[int, int] = (4, 4)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """So far. peak: of the last block, |sample|; loudest: of all. gaps: how often the device lost frames."""

    frames: int
    peak: float
    loudest: float
    gaps: int


def record(
    source: Input,
    client: PluginClient,
    *,
    rate_hz: float,
    channels: int,
    tempo: Counted | None,
    goes_on: Callable[[Recorded], bool],
) -> Iterator[Recorded]:
    """Block after block, for as long as `goes_on` says. Raises ClientRefused, and what reading the device raises. [any]"""
    block_frames = round(rate_hz / BLOCKS_PER_S)
    client.activate(rate_hz, channels, block_frames)
    now = Recorded(frames=0, peak=0.0, loudest=0.0, gaps=0)
    while goes_on(now):
        samples, lost = source.read(block_frames)
        if lost:
            client.note_gap()
        transport = counted(now.frames, rate_hz, tempo.bpm, tempo.meter) if tempo else None
        client.process(samples, block_frames, transport)
        loud = peak(memoryview(bytearray(samples)))
        now = Recorded(
            frames=now.frames + block_frames,
            peak=loud,
            loudest=max(now.loudest, loud),
            gaps=now.gaps + lost,
        )
        yield now
