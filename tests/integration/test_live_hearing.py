"""What plugins sound like while they play: copied from their Rings, heard in the worker, the figures of a stream of the same sound; the loudest alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from audio.analyse.stream import Moment, Stream
from daemon.doors.control.live import LiveAnswers
from daemon.features.analysing import live
from daemon.features.analysing.live import LiveHearing
from daemon.features.analysing.live_streams import LiveStreams
from daemon.features.analysing.live_worker import MAX_STREAMS, NothingYet, Piece, StreamMeasurement
from tests.integration.test_keeping import RATE_HZ, Desk, desk_in
from tests.support.deadlines import HANG_S
from tests.support.music import piece as piece_of_music
from tests.support.tones import soft_noise


async def round_of(hearing: LiveHearing) -> None:
    """What was asked for is heard."""
    assert hearing._round is not None
    await hearing._round


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as desk:
        yield desk


async def test_what_plays_is_heard_as_a_stream_hears_it_and_the_loudest_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    lead, _ = await desk.load("Lead", 0.5, 0.5), await desk.load("Pad", 0.1, 0.5)
    await desk.load("Mute", 0.0, 0.5)
    hearing = LiveHearing(desk.instances.all)
    answers = LiveAnswers(hearing).answers
    assert (await answers[c.GetHeard](c.GetHeard())) == c.LiveMeasurements(heard=[], is_first=True), (
        "nobody waits"
    )
    try:
        async with asyncio.timeout(HANG_S):
            found = c.LiveMeasurements(heard=[])
            while (
                not found.heard
            ):  # a machine that stands still for two seconds makes a plugin one that is suspended
                for track, level in (("Lead", 0.5), ("Pad", 0.1)):
                    desk.play(track, level, 0.2)
                answer = await answers[c.GetHeard](c.GetHeard())
                assert isinstance(answer, c.LiveMeasurements)
                found = answer
                await round_of(hearing)
        (one,) = found.heard
        assert (one.name, found.left_out) == ("Lead", 1)
        assert one.instance == lead.header.instance_id.hex()
        assert one.level_dbfs == pytest.approx(-6.02, abs=0.01) and one.at_s >= 0.5
        noise = soft_noise(int(0.3 * RATE_HZ))
        async with asyncio.timeout(HANG_S):
            while one.level_dbfs is None or one.level_dbfs > -10:
                lead.write(noise)
                (one,) = (await answers[c.GetHeard](c.GetHeard())).heard or [one]  # type: ignore[union-attr]
                await round_of(hearing)
        assert one.name == "Lead"
    finally:
        await hearing.close()


def test_a_piece_after_another_is_one_stream_and_what_cannot_be_heard_is_not() -> None:
    streams, sound = LiveStreams(2), soft_noise(RATE_HZ)
    expected = [each for each in Stream(RATE_HZ, 2).push(sound) if isinstance(each, Moment)][-1]

    def piece(data: np.ndarray, instance: str = "a", *, anew: bool = False, channels: int = 2) -> Piece:
        return Piece(
            instance=instance, sample_rate_hz=RATE_HZ, channels=channels, data=data.tobytes(), anew=anew
        )

    half = RATE_HZ // 2
    streams.heard(piece(sound[:half]))
    heard = streams.heard(piece(sound[half:]))
    assert isinstance(heard, StreamMeasurement)
    assert (heard.at_s, heard.level_dbfs, heard.bands_dbfs) == (
        expected.at_s,
        expected.level_dbfs,
        expected.bands_dbfs,
    )
    assert streams.heard(piece(sound[:0])) == heard, "without anything new it is as it was"
    assert isinstance(streams.heard(piece(sound[:100], anew=True)), NothingYet)
    assert isinstance(streams.heard(piece(sound[:3].ravel()[:5], "b")), NothingYet), "no whole frames"
    long = piece_of_music(3, bpm=120.0).samples
    assert isinstance(
        heard := streams.heard(piece(np.tile(long, (4, 1))[: 7 * RATE_HZ], "d")), StreamMeasurement
    )
    assert heard.bpm is not None and heard.at_s == pytest.approx(7.0, abs=0.1)
    eight = np.repeat(sound, 4, axis=1)
    assert isinstance(streams.heard(piece(eight, "c", channels=8)), StreamMeasurement), (
        "of many channels the first two"
    )
    for n in range(3):
        streams.heard(piece(sound, f"of {n}"))
    assert list(streams._ears) == ["of 1", "of 2"] and MAX_STREAMS >= live.MOST
