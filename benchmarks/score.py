"""A short piece as notes, as a standard MIDI file, and as sound: played by fluidsynth with the Debian package fluid-soundfont-gm.

Not a sequencer: one tempo, no control changes but programs.
"""

import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
DRUMS = 9  # the channel
_TICKS = 480  # per quarter
_RATE_HZ = 44_100


@dataclass(frozen=True)
class Score:
    """name: of the file. bpm: quarter notes per minute. key: as str(audio.analyse.key.Key), None for drums alone. beats: its length in quarters.

    programs: voice by channel. cents: out of tune by so much, and as much faster. whole: cut on the bar line, what rings on laid
    under the beginning; else a tenth of the length is missing at both ends.
    """

    name: str
    bpm: float
    key: str | None
    beats: float
    programs: dict[int, int]
    cents: int = 0
    whole: bool = True
    events: list[tuple[float, bytes]] = field(default_factory=list)

    def note(self, channel: int, beat: float, length: float, pitch: int, velocity: int) -> None:
        """beat, length: in quarters; pitch: MIDI note; velocity: 1 to 127."""
        self.events.append((beat, bytes([0x90 | channel, pitch, velocity])))
        self.events.append((beat + length, bytes([0x80 | channel, pitch, 0])))


def can_render() -> bool:
    return shutil.which("fluidsynth") is not None and SOUND_FONT.exists()


def midi_file(score: Score) -> bytes:
    """A standard MIDI file of one track."""
    track, last = b"\0\xff\x51\x03" + round(60e6 / score.bpm).to_bytes(3, "big"), 0
    for channel, program in score.programs.items():
        track += bytes([0, 0xC0 | channel, program])
    # A note ends before the same one begins again.
    for beat, message in sorted(score.events, key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90)):
        at = round(beat * _TICKS)
        gap, last = at - last, at
        digits = [gap & 0x7F]
        while gap := gap >> 7:
            digits.append(gap & 0x7F | 0x80)
        track += bytes(reversed(digits)) + message
    track += b"\0\xff\x2f\0"
    head = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, _TICKS)
    return head + struct.pack(">4sI", b"MTrk", len(track)) + track


def render(score: Score, folder: Path) -> str:
    """Writes folder/NAME.flac, peak 0.7, and returns its name. Needs can_render(); raises subprocess.CalledProcessError."""
    midi, wav = folder / f"{score.name}.mid", folder / f"{score.name}.wav"
    midi.write_bytes(midi_file(score))
    options = ["-ni", "-g", "0.6", "-r", str(_RATE_HZ), "-F", str(wav)]
    command = ["fluidsynth", *options, str(SOUND_FONT), str(midi)]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    samples, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    midi.unlink()
    wav.unlink()
    if score.cents:
        samples = soxr.resample(samples, _RATE_HZ * 2 ** (score.cents / 1200), _RATE_HZ)
    # What plays higher is over sooner: the cut is made where the resampled bars end.
    frames = round(score.beats * 60 / score.bpm * _RATE_HZ / 2 ** (score.cents / 1200))
    loop = np.zeros((frames, 2), np.float32)
    for start in range(0, min(len(samples), 2 * frames), frames):
        part = samples[start : start + frames]
        loop[: len(part)] += part
    if not score.whole:
        loop = loop[frames // 10 : -frames // 10]
    name = f"{score.name}.flac"
    soundfile.write(folder / name, loop * (0.7 / max(1e-9, float(np.abs(loop).max()))), _RATE_HZ)
    return name
