"""One stream of audio.analyse.stream for each plugin that is listened to, and what was heard in it last. [one thread]"""

from dataclasses import dataclass

import numpy as np

from audio.analyse.stream import Moment, Stream, TempoNow
from audio.errors import AudioError
from daemon.features.analysing.live_worker import FromLiveWorker, NothingYet, Piece, StreamMeasurement

MOST_CHANNELS = 2


@dataclass
class _Ear:
    stream: Stream
    moment: Moment | None = None
    tempo: TempoNow | None = None


class LiveStreams:
    """most: so many are kept; of the one that was not asked for longest nothing is known any more."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ears: dict[str, _Ear] = {}

    def heard(self, piece: Piece) -> FromLiveWorker:
        try:
            ear = self._ear(piece)
            samples = np.frombuffer(piece.data, "<f4").reshape(-1, piece.channels)[:, :MOST_CHANNELS]
            if len(samples):
                for told in ear.stream.push(samples):
                    if isinstance(told, Moment):
                        ear.moment = told
                    else:
                        ear.tempo = told
        except (AudioError, ValueError):
            self._ears.pop(piece.instance, None)
            return NothingYet()
        return _told(ear)

    def _ear(self, piece: Piece) -> _Ear:
        """Raises AudioError."""
        ear, channels = self._ears.pop(piece.instance, None), min(piece.channels, MOST_CHANNELS)
        same = ear is not None and (ear.stream.sample_rate_hz, ear.stream.channels) == (
            piece.sample_rate_hz,
            channels,
        )
        if ear is None or not same or piece.anew:
            ear = _Ear(Stream(piece.sample_rate_hz, channels))
        self._ears[piece.instance] = ear
        while len(self._ears) > self._most:
            del self._ears[next(iter(self._ears))]
        return ear


def _told(ear: _Ear) -> FromLiveWorker:
    moment, tempo = ear.moment, ear.tempo
    if moment is None:
        return NothingYet()
    return StreamMeasurement(
        at_s=moment.at_s,
        level_dbfs=moment.level_dbfs,
        peak_dbfs=moment.peak_dbfs,
        momentary_lufs=moment.momentary_lufs,
        centroid_hz=moment.centroid_hz,
        bands_dbfs=moment.bands_dbfs,
        bpm=tempo.bpm if tempo else None,
        bpm_confidence=tempo.confidence if tempo else 0.0,
    )
