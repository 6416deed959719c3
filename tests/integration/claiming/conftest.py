"""A relay whose wall clock is ours, a browser, a device, and a thief."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.claiming import RelayClock
from tests.support.claims import FormBrowser
from tests.support.engines import Engines
from tests.support.relay import RelayClient, RelayProcess, running_relay


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> RelayClock:
    return RelayClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def relay(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, clock: RelayClock
) -> Iterator[RelayProcess]:
    with pytest.MonkeyPatch.context() as env:
        for name, value in clock.env.items():
            env.setenv(name, value)
        with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=engines) as process:
            yield process


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def browser(relay: RelayProcess, stack: ExitStack) -> FormBrowser:
    """Signed in as "alice"."""
    made = stack.enter_context(FormBrowser(relay.url))
    made.sign_in("alice")
    return made


@pytest.fixture
def device(relay: RelayProcess, stack: ExitStack) -> RelayClient:
    made = RelayClient(relay.url)
    stack.callback(made.close)
    return made


@pytest.fixture
def thief(relay: RelayProcess, stack: ExitStack) -> RelayClient:
    """Another device, with a key of its own."""
    made = RelayClient(relay.url)
    stack.callback(made.close)
    return made
