"""`sidechain record`: what a sound device hears becomes a History that can be kept from, without any plugin."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from math import log10
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.output import Json, ask, note, settings, show, sidechain_version
from daemon.cli.tables import table
from daemon.errors import NothingKept, UsageError
from daemon.system.sound_devices import Device, Kind

if TYPE_CHECKING:
    from daemon.features.recording.recording import Recorded

KEEP_LIMIT_S = 120.0
ATTACH_LIMIT_S = 10.0
LOOK_S = 0.05
METER_DB = 48.0  # below full scale: where the level meter begins
METER_COLUMNS = 24


class DevicesAre(msgspec.Struct, frozen=True, kw_only=True):
    """What `--devices` answers."""

    devices: list[Device]


class RecordingIs(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded. gaps: how often the device lost sound. peak_dbfs: None: it was silent. take: with --keep."""

    device: str
    instance: str
    sample_rate_hz: float
    channels: int
    seconds: float
    gaps: int
    peak_dbfs: float | None
    take: c.TakeInfo | None


def record(
    device: Annotated[
        str | None,
        typer.Option("--device", "-d", help="Its number, or words of its name. Default: the system's."),
    ] = None,
    channels: Annotated[int, typer.Option(min=1, max=2, help="How many of its channels.")] = 2,
    rate: Annotated[
        float | None,
        typer.Option(min=8000.0, max=192_000.0, help="Sample rate in Hz; default: the device's."),
    ] = None,
    bpm: Annotated[
        float | None,
        typer.Option(
            min=20.0,
            max=999.0,
            help="Count bars at this tempo from the first sound on, so that bars can be kept.",
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End by itself after so many.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep all of it when it ends (15 minutes at most).")
    ] = False,
    title: Annotated[str, typer.Option(help="With --keep: the take's name.")] = "",
    list_devices: Annotated[
        bool, typer.Option("--devices", help="List the devices, record nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Record from a sound device, as a plugin would: `sidechain keep` and History work on it. Ctrl-C ends it.

    Examples:  sidechain record --devices   ·   sidechain record --device "Scarlett" --bpm 96   ·
    sidechain record --seconds 30 --keep --title "voice memo"
    """
    if list_devices:
        tell_devices("input", as_json)
        return
    if title and not keep:
        raise UsageError("--title goes with --keep.")
    ask(c.GetStatus(), c.Status)  # without a daemon nobody would hear it
    recorded = _recorded(device, channels, rate, bpm, seconds, keep=keep, title=title, quiet=as_json)
    show(recorded, as_json, lambda: _in_words(recorded))


def _recorded(
    said: str | None,
    most_channels: int,
    rate: float | None,
    bpm: float | None,
    seconds: float | None,
    *,
    keep: bool,
    title: str,
    quiet: bool,
) -> RecordingIs:
    from bridge.plugin_client import PluginClient
    from daemon.features.recording.recording import HOST_NAME, Counted, Recorded
    from daemon.features.recording.recording import record as record_from
    from daemon.system.native import CLIENT_LIBRARY, native_part
    from daemon.system.sound_devices import chosen, opened_input

    device = chosen("input", said)
    channels, rate_hz = min(most_channels, device.channels), rate or device.sample_rate_hz
    wanted_frames = None if seconds is None else round(seconds * rate_hz)

    def goes_on(now: Recorded) -> bool:
        return wanted_frames is None or now.frames < wanted_frames

    now = Recorded(frames=0, peak=0.0, loudest=0.0, gaps=0)
    with (
        PluginClient(
            native_part(CLIENT_LIBRARY),
            run_dir=settings().run,
            host_name=HOST_NAME,
            track_name=device.name,
            version=sidechain_version(),
        ) as client,
        opened_input(device, channels=channels, rate_hz=rate_hz) as source,
    ):
        if not quiet:
            note(f"Recording {device.name}; `sidechain keep` keeps of it. Ctrl-C ends it.")
        tempo = Counted(bpm=bpm) if bpm else None
        steps = record_from(source, client, rate_hz=rate_hz, channels=channels, tempo=tempo, goes_on=goes_on)
        now = _drawn(steps, rate_hz, quiet) or now
        instance = _own_instance()
        take = _keep_all(instance, title) if keep else None
    return RecordingIs(
        device=device.name,
        instance=instance,
        sample_rate_hz=rate_hz,
        channels=channels,
        seconds=now.frames / rate_hz,
        gaps=now.gaps,
        peak_dbfs=dbfs(now.loudest),
        take=take,
    )


def _drawn(steps: "Iterator[Recorded]", rate_hz: float, quiet: bool) -> "Recorded | None":
    """Each of them, until the last or Ctrl-C; the last."""
    now = None
    with suppress(KeyboardInterrupt):
        for now in steps:
            _draw(now.frames / rate_hz, now.peak, quiet)
    _draw(None, 0.0, quiet)
    return now


def _own_instance() -> str:
    """This process as the daemon knows it. Raises NothingKept."""
    deadline_s = time.monotonic() + ATTACH_LIMIT_S
    while time.monotonic() < deadline_s:
        for each in ask(c.ListInstances(), c.InstanceList).instances:
            if each.pid == os.getpid() and each.sample_rate_hz:
                return each.instance
        time.sleep(LOOK_S)
    raise NothingKept("The daemon has not taken up this recording.", "`sidechain doctor` says what is amiss.")


def _keep_all(instance: str, title: str) -> c.TakeInfo:
    request = c.KeepTake(instance=instance, whole=True, title=title)
    return ask(request, c.OneTake, timeout_s=KEEP_LIMIT_S).take


def dbfs(sample: float) -> float | None:
    """The level of a sample below full scale; None: digital silence. [any]"""
    return round(20.0 * log10(sample), 1) if sample > 0.0 else None


def meter(sample: float, columns: int = METER_COLUMNS) -> str:
    """A bar of a level, full at full scale. [any]"""
    level = dbfs(sample)
    filled = 0 if level is None else round(columns * min(max(1.0 + level / METER_DB, 0.0), 1.0))
    return "█" * filled + "·" * (columns - filled)


def _draw(seconds: float | None, loud: float, quiet: bool) -> None:
    """The one line that moves, on a terminal only; None: away with it."""
    if quiet or not sys.stderr.isatty():
        return
    level = dbfs(loud)
    said = (
        ""
        if seconds is None
        else f"{seconds:8.1f} s  {meter(loud)}  {'silent' if level is None else f'{level} dBFS'}"
    )
    width = shutil.get_terminal_size().columns - 1
    sys.stderr.write("\r" + said[:width].ljust(width) + ("\r" if seconds is None else ""))
    sys.stderr.flush()


def tell_devices(kind: Kind, as_json: bool) -> None:
    """Those of one direction. Raises SidechainError."""
    from daemon.system.sound_devices import devices

    found = devices(kind)
    rows = [
        [str(d.number), d.name, d.system, str(d.channels), f"{d.sample_rate_hz:g}", "default" * d.default]
        for d in found
    ]
    columns = ["", "device", "system", "channels", "Hz", ""]
    nothing = "There is no device that records." if kind == "input" else "There is no device that plays."
    show(DevicesAre(devices=found), as_json, lambda: table(columns, rows) or nothing)


def _in_words(done: RecordingIs) -> str:
    level = "silence" if done.peak_dbfs is None else f"peak {done.peak_dbfs} dBFS"
    gaps = f" Sound was lost {done.gaps} times; the places are marked." if done.gaps else ""
    kept = f" Kept: “{done.take.name}”." if done.take else " It stays in reach: `sidechain history`."
    return f"Recorded {done.seconds:.1f} s of {done.device}, {level}.{gaps}{kept}"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(record)
