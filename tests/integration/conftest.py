"""Who asks a module's relay: the owner of a post, somebody else, nobody; and a clock that goes with what is played."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from relay.wire.rest import AudioPost
from tests.support.clients import AUDIO, client_of, close_all
from tests.support.relay import RelayClient, RelayProcess
from tests.support.ringfile import RingWriter

CLOCK_RATE_HZ = 8_000  # of the Rings of test_keeping.py


@pytest.fixture(scope="module", autouse=True)
def no_client_stays_open() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(scope="module")
def owner(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "holder")


@pytest.fixture(scope="module")
def other(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "other")


@pytest.fixture(scope="module")
def follower(relay: RelayProcess, owner: RelayClient) -> RelayClient:
    """Of the owner."""
    client = client_of(relay, "listener")
    client.follow("holder")
    return client


@pytest.fixture(scope="module")
def anonymous(relay: RelayProcess) -> RelayClient:
    return client_of(relay)


@pytest.fixture(scope="module")
def post(owner: RelayClient) -> AudioPost:
    return owner.post(
        AUDIO, title="Owned", bpm=128.0, genre=["house"], duration_bars=1, bar_frames=[0, 12_000]
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are written as fast as it goes: here the time of day goes with them."""
    start_ns = time.time_ns()
    written = [0]
    write = RingWriter.write

    def writing(ring: RingWriter, frames: np.ndarray, *records: object) -> None:  # type: ignore[type-arg]
        write(ring, frames, *records)  # type: ignore[arg-type]
        written[0] += len(frames)

    monkeypatch.setattr(RingWriter, "write", writing)
    monkeypatch.setattr(time, "time_ns", lambda: start_ns + written[0] * 1_000_000_000 // CLOCK_RATE_HZ)
