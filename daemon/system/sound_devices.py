"""The sound devices of this machine, by PortAudio: the only module that imports sounddevice.

Its library, a device, or a driver's good will may be missing: each is a sentence, never a traceback.
"""

import contextlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Literal, Protocol, cast

import msgspec

from daemon.errors import SidechainError, UsageError

Kind = Literal["input", "output"]
INSTALL = "`apt install libportaudio2` where the library is missing; `sidechain doctor` says what was found."


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device as it can be named: by number, or by words of its name. channels: the most it has in this direction."""

    number: int
    name: str
    system: str  # PortAudio's host API: "ALSA", "JACK Audio Connection Kit", "Core Audio" …
    channels: int
    sample_rate_hz: float  # its own
    default: bool


class Input(Protocol):
    """What is read of a device: interleaved float32, and whether frames were lost before it."""

    def read(self, frames: int) -> tuple[bytes, bool]: ...


Fill = Callable[[memoryview], bool]
"""Fills a block of interleaved float32; whether there is more to come. Called on PortAudio's thread."""


def _portaudio(deed: str) -> ModuleType:
    """deed: "play" or "record". Raises SidechainError."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise SidechainError(f"This machine cannot {deed} sound: {error}.", INSTALL) from error
    return cast(ModuleType, sounddevice)


DEED: dict[Kind, str] = {"input": "record", "output": "play"}


def devices(kind: Kind) -> list[Device]:
    """All of one direction. Raises SidechainError where PortAudio is not there or fails."""
    portaudio = _portaudio(DEED[kind])
    with _failures(portaudio, DEED[kind]):
        systems = portaudio.query_hostapis()
        preferred = portaudio.default.device[0 if kind == "input" else 1]
        found = []
        for number, each in enumerate(portaudio.query_devices()):
            if channels := each[f"max_{kind}_channels"]:
                device = Device(
                    number=number,
                    name=each["name"],
                    system=systems[each["hostapi"]]["name"],
                    channels=channels,
                    sample_rate_hz=each["default_samplerate"],
                    default=number == preferred,
                )
                found.append(device)
    return found


def chosen(kind: Kind, said: str | None) -> Device:
    """By number, by its whole name, or by words of it that only one has; None: the default. Raises SidechainError."""
    found = devices(kind)
    if not found:
        raise SidechainError(
            f"This machine cannot {DEED[kind]} sound: it has no device for that.",
            "Connect one, or start its sound server.",
        )
    if said is None:
        return next((each for each in found if each.default), found[0])
    named = [each for each in found if said in (str(each.number), each.name)]
    words = said.casefold().split()
    named = named or [each for each in found if all(word in each.name.casefold() for word in words)]
    if len(named) == 1:
        return named[0]
    among = ", ".join(f"{each.number} {each.name}" for each in (named or found))
    what = f"{len(named)} devices are called" if named else "No device is called"
    raise UsageError(f"{what} {said!r}.", f"Choose one by its number: {among}.")


@contextlib.contextmanager
def opened_input(device: Device, *, channels: int, rate_hz: float) -> Iterator[Input]:
    """Recording from it. Raises SidechainError, also while it is read: a device may be pulled out."""
    portaudio = _portaudio("record")
    with _failures(portaudio, "record", device):
        stream = portaudio.RawInputStream(
            samplerate=rate_hz, device=device.number, channels=channels, dtype="float32", latency="high"
        )
        with stream:
            yield _Reading(stream)


class _Reading:
    def __init__(self, stream: Input) -> None:
        self._stream = stream

    def read(self, frames: int) -> tuple[bytes, bool]:
        data, lost = self._stream.read(frames)
        return bytes(data), lost


@contextlib.contextmanager
def opened_output(
    device: Device, *, channels: int, rate_hz: float, fill: Fill, ended: Callable[[], None]
) -> Iterator[None]:
    """Playing through it what `fill` gives, while the block lasts. ended: called when all has been heard. Raises SidechainError."""
    portaudio = _portaudio("play")

    def give(out: bytes, frames: int, time: object, status: object) -> None:
        if not fill(memoryview(out).cast("B")):
            raise portaudio.CallbackStop

    with _failures(portaudio, "play", device):
        stream = portaudio.RawOutputStream(
            samplerate=rate_hz,
            device=device.number,
            channels=channels,
            dtype="float32",
            callback=give,
            finished_callback=ended,
        )
        with stream:
            yield


@contextlib.contextmanager
def _failures(portaudio: ModuleType, deed: str, device: Device | None = None) -> Iterator[None]:
    try:
        yield
    except portaudio.PortAudioError as error:
        where = f" with {device.name}" if device else ""
        raise SidechainError(
            f"This machine cannot {deed} sound{where}: {error}.",
            "Another device may do: `sidechain record --devices` and `sidechain takes play --devices` list them.",
        ) from error
