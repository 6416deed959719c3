"""What is heard next: one of several sounds that run side by side, round and round without a gap or once to the end.

Turning from one to the other keeps the place and is faded, so that before and after can be compared while they play.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples

FADE_FRAMES = 240  # 5 ms at 48 kHz: no click, and no hole


class Deck:
    """sounds: float32 (frames, channels), all of one shape. `turn` may be called while another thread calls `fill`."""

    def __init__(self, sounds: Sequence[Samples], *, loop: bool) -> None:
        self._sounds = sounds
        self._frames = len(sounds[0])
        self._loop = loop
        self._playing = 0
        self._at = 0
        self.wanted = 0

    def turn(self) -> int:
        """To the next of the sounds; its number. [any]"""
        self.wanted = (self.wanted + 1) % len(self._sounds)
        return self.wanted

    def fill(self, out: memoryview) -> bool:
        """The next frames as interleaved float32; silence after the end. Whether there is more to come. [PortAudio's thread]"""
        channels = self._sounds[0].shape[1]
        block = np.frombuffer(out, dtype=np.float32).reshape(-1, channels)
        wanted = self.wanted
        block[:] = self._next(self._sounds[wanted], len(block))
        if wanted != self._playing:
            fade = min(FADE_FRAMES, len(block))
            ramp = np.linspace(0.0, 1.0, fade, endpoint=False, dtype=np.float32)[:, None]
            before = self._next(self._sounds[self._playing], fade)
            block[:fade] = before * (1.0 - ramp) + block[:fade] * ramp
            self._playing = wanted
        self._at += len(block)
        return self._loop or self._at < self._frames

    def _next(self, sound: Samples, frames: int) -> Samples:
        places: NDArray[np.int64] = np.arange(self._at, self._at + frames)
        if self._loop:
            return sound[places % self._frames]
        out = np.zeros((frames, sound.shape[1]), np.float32)
        rest = sound[self._at : self._at + frames]
        out[: len(rest)] = rest
        return out
