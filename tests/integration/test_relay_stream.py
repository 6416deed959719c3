"""Sound listened to while it is played, over the WebSocket /api/stream: the figures of audio.analyse.stream; bounded, and its owner's alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from audio.analyse.stream import Moment, Stream
from relay.features.listening import streaming
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_SHUTDOWN
from relay.wire.listening import STREAM_PATH, StreamMoment, StreamTempo
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.asgi_socket import AsgiSocket
from tests.support.deadlines import HANG_S
from tests.support.music import piece

RATE_HZ = 44_100
_told: msgspec.json.Decoder[StreamMoment | StreamTempo] = msgspec.json.Decoder(StreamMoment | StreamTempo)


class Client(AsgiSocket):
    """One that streams."""

    def __init__(self, peer: InMemory, token: str | None, query: str, origin: str | None = None) -> None:
        super().__init__(peer, STREAM_PATH, token, query, origin)

    async def told(self, count: int) -> list[StreamMoment | StreamTempo]:
        return [_told.decode((await self.next())["text"]) for _ in range(count)]


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[InMemory]:
    async with relay_in_memory(tmp_path / "data") as peer:
        yield peer


@asynccontextmanager
async def streaming_as(peer: InMemory, token: str, query: str = "") -> AsyncIterator[Client]:
    client = Client(peer, token, query)
    assert (await client.next())["type"] == "websocket.accept"
    yield client


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32_767).round().astype("<i2").tobytes()


async def test_what_is_played_is_told_as_it_is_heard(peer: InMemory) -> None:
    ana = (await peer.claimed("ana")).access_token
    samples = piece(7, bpm=120.0).samples[: int(2.2 * RATE_HZ)]
    data = pcm(samples)
    heard = np.frombuffer(data, "<i2").astype(np.float32).reshape(samples.shape) * np.float32(1 / 32_768)
    expected = Stream(RATE_HZ, samples.shape[1]).push(heard)
    async with streaming_as(peer, ana, f"sample_rate={RATE_HZ}&channels={samples.shape[1]}") as client:
        step = 4 * 1_024 * samples.shape[1]
        for at in range(0, len(data), step):
            client.send(bytes=data[at : at + step])
        told = await client.told(len(expected))
        for found, wanted in zip(told, expected, strict=True):
            if isinstance(wanted, Moment):
                assert found == StreamMoment(
                    at=wanted.at_s,
                    level=wanted.level_dbfs,
                    peak=wanted.peak_dbfs,
                    momentary=wanted.momentary_lufs,
                    centroid=wanted.centroid_hz,
                    chroma=list(wanted.chroma),
                    bands=list(wanted.bands_dbfs),
                    onsets=list(wanted.onsets_s),
                )
            else:
                assert found == StreamTempo(at=wanted.at_s, bpm=wanted.bpm, confidence=wanted.confidence)
        assert sum(isinstance(each, StreamTempo) for each in told) == 1
        second = Client(peer, ana, "")
        assert (await second.next())["status"] == 429, "one of an account"
        await second.ended()
        await client.leave()
    assert peer.relay.posts.streams._open == {}


async def test_who_may_not_stream_is_told_why_before(peer: InMemory) -> None:
    ana = (await peer.claimed("ana")).access_token
    guest = (await peer.ask("/auth/guest", None)).json()["access_token"]
    for token, query, origin, status in (
        (None, "", None, 401),
        ("x", "", None, 401),
        (guest, "", None, 403),  # known, and what it asks for needs an account, as by REST
        (ana, "sample_rate=7", None, 422),
        (ana, "channels=3", None, 422),
        (ana, "format=mp3", None, 422),
        (ana, "pitch=1", None, 422),
        (ana, "", "http://elsewhere", 403),
    ):
        client = Client(peer, token, query, origin)
        answer = await client.next()
        assert (answer["type"], answer["status"]) == ("websocket.http.response.start", status), (
            query,
            answer,
        )
        await client.ended()
    for _ in range(streaming.MOST):
        peer.relay.posts.streams.take(f"somebody {_}")
    full = Client(peer, ana, "")
    assert (await full.next())["status"] == 503
    await full.ended()


async def test_a_stream_ends_with_a_reason(peer: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = (await peer.claimed("ana")).access_token
    monkeypatch.setattr(streaming, "MAX_STREAM_S", 1)
    too_long = [{"bytes": bytes(88_200)}, {"bytes": bytes(2)}]
    for messages, code in (
        ([{"bytes": bytes(3)}], CLOSE_BAD_MESSAGE),
        ([{"bytes": b""}], CLOSE_BAD_MESSAGE),
        ([{"text": "loud"}], CLOSE_BAD_MESSAGE),
        (too_long, streaming.CLOSE_ENDED),
    ):
        async with streaming_as(peer, ana) as client:
            for message in messages:
                client.send(**message)
            assert await client.closed() == code
    monkeypatch.setattr(streaming, "IDLE_S", 0.01)
    async with streaming_as(peer, ana) as client:
        assert await client.closed() == streaming.CLOSE_ENDED
    monkeypatch.setattr(streaming, "IDLE_S", HANG_S)
    async with streaming_as(peer, ana) as client:
        peer.relay.posts.streams.end_all()
        assert await client.closed() == CLOSE_SHUTDOWN
    monkeypatch.setattr(streaming, "CHILD", "relay.nothing")
    async with streaming_as(peer, ana) as client:
        assert await client.closed() == streaming.CLOSE_FAULT
    assert peer.relay.posts.streams._open == {}
