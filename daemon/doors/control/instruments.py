"""What scores can be played with, as the command line asks for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.creations.instruments import RelayInstruments


class InstrumentAnswers:
    """All methods are [loop]."""

    def __init__(self, instruments: RelayInstruments) -> None:
        self._instruments = instruments
        self.answers: Answers = {c.ListInstruments: self._list, c.GetRecordings: self._recordings}

    async def _list(self, _: c.ListInstruments) -> c.Reply:
        return c.InstrumentList(
            instruments=[
                c.InstrumentInfo(
                    name=each.id,
                    title=each.title,
                    source=each.source,
                    pitched=each.is_pitched,
                    silent=each.sound_url is None,
                )
                for each in await self._instruments.listed()
            ]
        )

    async def _recordings(self, request: c.GetRecordings) -> c.Reply:
        return c.RecordingList(
            recordings=[
                c.RecordingInfo(
                    name=each.name,
                    path=None if each.path is None else str(each.path),
                    pitched=each.is_pitched,
                )
                for each in await self._instruments.recordings(request.names)
            ]
        )
