"""Who asks a module's relay: the owner of a post, somebody else, nobody."""

from collections.abc import Iterator

import pytest

from relay.wire.rest import AudioPost
from tests.support.clients import AUDIO, client_of, close_all
from tests.support.relay import RelayClient, RelayProcess


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
