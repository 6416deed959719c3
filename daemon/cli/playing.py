"""Playing through this machine's devices: a take, a part of the History; before and after, turned by a key."""

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import note
from daemon.errors import SidechainError, why_of
from daemon.system.key_presses import LOOK_S, key_presses
from daemon.system.sound_devices import chosen, opened_output

if TYPE_CHECKING:
    from audio.intake import Samples

TURN_KEYS, QUIT_KEYS = " \r\nab", "q\x1b\x04"

PlayDevice = Annotated[
    str | None,
    typer.Option("--device", "-d", help="Its number, or words of its name. Default: the system's."),
]


def play_file(path: Path, device: str | None, *, loop: bool = False) -> None:
    """To its end, or until Ctrl-C. Raises SidechainError."""
    import soundfile

    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise SidechainError(
            f"{path.name} cannot be read: {why_of(error)}.", "Look at its folder."
        ) from error
    play([samples], rate_hz, device, loop=loop)


def play(
    sounds: "Sequence[Samples]", rate_hz: int, device: str | None, *, loop: bool, names: Sequence[str] = ()
) -> None:
    """Sounds of one shape, the first first; a key turns to the next, where there are several and somebody to press it.

    Raises SidechainError.
    """
    from daemon.features.playback.deck import Deck

    output = chosen("output", device)
    deck, ended = Deck(sounds, loop=loop), threading.Event()
    with (
        key_presses() if len(sounds) > 1 else contextlib.nullcontext() as pressed,
        opened_output(output, channels=sounds[0].shape[1], rate_hz=rate_hz, fill=deck.fill, ended=ended.set),
        contextlib.suppress(KeyboardInterrupt),
    ):
        if pressed:
            note(f"{names[0]} (space turns, q ends)")
        while not ended.wait(0.0 if pressed else LOOK_S):
            key = pressed() if pressed else ""
            if key and key in QUIT_KEYS:
                return
            if key and key in TURN_KEYS:
                note(f"{names[deck.turn()]}")
