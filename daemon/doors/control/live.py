"""What plugins sound like now, for who asks over the control socket."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.analysing.live import LiveHearing


class LiveAnswers:
    """All methods are [loop]."""

    def __init__(self, live: LiveHearing) -> None:
        self._live = live
        self.answers: Answers = {c.GetHeard: self._heard}

    async def _heard(self, request: c.GetHeard) -> c.Reply:
        found, left_out, is_first = self._live.heard()
        return c.LiveMeasurements(
            heard=[
                c.LiveMeasurement(
                    instance=about.instance,
                    name=about.track_name or about.host_name,
                    at_s=heard.at_s,
                    level_dbfs=heard.level_dbfs,
                    peak_dbfs=heard.peak_dbfs,
                    momentary_lufs=heard.momentary_lufs,
                    centroid_hz=heard.centroid_hz,
                    bands_dbfs=list(heard.bands_dbfs),
                    bpm=heard.bpm,
                    bpm_confidence=heard.bpm_confidence,
                )
                for about, heard in found
            ],
            left_out=left_out,
            is_first=is_first,
        )
