"""What is played through one plugin: the sound, and the Return Ring that is kept full of it. Nothing is decided here."""

import asyncio
import threading

from bridge.control import PreviewInfo
from bridge.plugin_endpoint import Peer
from bridge.return_file import ReturnFile
from daemon.core.preview import Plan
from daemon.features.previews.preview_files import Fit
from daemon.library.sounds import Sound
from plugin_protocol.messages import PreviewOpened

CHUNK_FRAMES = 1 << 15


class Preview:
    """One preview that a plugin has opened, or is about to."""

    def __init__(
        self,
        peer: Peer,
        sound: Sound,
        info: PreviewInfo,
        fit: Fit,
        returned: ReturnFile,
        planned: Plan,
        first_bar: int,
    ) -> None:
        """first_bar: of a loop, the one that it begins with."""
        self.peer = peer
        self.sound = sound
        self.info = info
        self.fit = fit
        self.returned = returned
        self.planned = planned
        self.host_plan = planned  # as the host was when it was looked at last
        self.first_bar = first_bar
        self.position = fit.frames * first_bar // (sound.bars or 1)  # in the fitted file
        self.ended = False
        self._lock = threading.Lock()  # a cancelled task's thread goes on: no file is closed under it
        self._closed = False
        self.heard = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def loop_s(self) -> float:
        """How long a turn of a loop lasts in the host."""
        return self.fit.frames / self.returned.header.sample_rate_hz

    def opened(self, ask_id: int, frames: int | None) -> PreviewOpened:
        """What its plugin is told. frames: None when it repeats."""
        header = self.returned.header
        return PreviewOpened(
            id=ask_id,
            kind=self.sound.kind,
            target=self.sound.target,
            segment=self.returned.name,
            generation=header.generation,
            sample_rate_hz=header.sample_rate_hz,
            channels=header.channels,
            capacity_frames=header.capacity_frames,
            frames=frames,
            in_sync=self.planned.in_sync,
            at_bar=self.planned.at_bar,
            title=self.sound.title[:120],
            note=self.planned.note,
        )

    def advance(self, most_frames: int | None = None) -> None:
        """Write what there is room for, or about `most_frames`. [worker] Raises OSError."""
        with self._lock:
            if not self._closed:
                self._write(self.returned.committed_frames + most_frames if most_frames else None)

    def _write(self, until_frame: int | None) -> None:
        while not self.ended and (room := self.returned.room_frames()):
            if self.position == self.fit.frames and self.fit.whole:
                if not self.planned.repeats or self.fit.frames == 0:
                    self.returned.end()
                    self.ended = True
                    return
                self.position = 0
            count = min(room, CHUNK_FRAMES, self.fit.frames - self.position)
            if count <= 0:
                return
            self.returned.write(self.fit.read(self.position, count))
            self.position += count
            if until_frame is not None and self.returned.committed_frames >= until_frame:
                return

    def close(self) -> None:
        """Remove the Return Ring. [worker]"""
        with self._lock:
            self._closed = True
            self.returned.close()
            self.fit.close()
