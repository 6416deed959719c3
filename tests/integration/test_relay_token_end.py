"""The end of an access token at a running relay: its socket closes, REST refuses it, and a daemon goes on with a new one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from daemon.config import Config
from daemon.core.link import LinkState
from daemon.events import Bus, ItemArrived, LinkChanged
from daemon.features.link.driver import LinkDriver
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.features.devices.claims import LEEWAY_S
from relay.wire.events import CLOSE_EXPIRED
from relay.wire.identity import ACCESS_LIFETIME_S
from tests.support.claiming import RelayClock
from tests.support.clients import AUDIO, client_of, problem
from tests.support.deadlines import HANG_S
from tests.support.relay import RelayProcess, running_relay

LIMIT_S = HANG_S


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> RelayClock:
    return RelayClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, clock: RelayClock) -> Iterator[RelayProcess]:
    """(On a folder: S3 refuses whoever lives a quarter of an hour ahead of it.)"""
    with pytest.MonkeyPatch.context() as env:
        for name, value in clock.env.items():
            env.setenv(name, value)
        with running_relay(tmp_path_factory.mktemp("relay") / "data") as process:
            yield process


def test_a_socket_and_rest_end_with_the_token(relay: RelayProcess, clock: RelayClock) -> None:
    client = client_of(relay, "listener")
    socket = client.socket()
    try:
        clock.pass_(ACCESS_LIFETIME_S + 1)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.next(LIMIT_S)
    finally:
        socket.close()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == CLOSE_EXPIRED
    clock.pass_(LEEWAY_S)
    assert problem(client.http.get("/users/me")) == (401, "token_expired")


async def test_a_daemon_gets_a_new_token_and_goes_on(
    relay: RelayProcess, clock: RelayClock, tmp_path: Path
) -> None:
    author = client_of(relay, "author")
    bus, store = Bus(), Store(tmp_path / "library.sqlite3")
    folder = str(tmp_path)
    config = Config(data_dir=folder, run_dir=folder, relay_url=relay.url, credential_store="file")
    account = Account(config, store, "0", bus)
    link = LinkDriver(account, store, bus)
    states, arrived, changed = list[LinkState](), list[str](), asyncio.Event()

    def on_link(event: LinkChanged) -> None:
        states.append(event.state)
        changed.set()

    def on_item(event: ItemArrived) -> None:
        arrived.append(event.post.title)
        changed.set()

    bus.on(LinkChanged, on_link)
    bus.on(ItemArrived, on_item)
    running = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            await account.claim("daemon")
            await account.relay().follow("author", True)
            await _until(changed, lambda: states[-1:] == [LinkState.ONLINE])
            first = await account.relay().tokens.access()
            clock.pass_(ACCESS_LIFETIME_S + 1)
            await _until(changed, lambda: LinkState.ONLINE in states and states[-1] is not LinkState.ONLINE)
            await _until(changed, lambda: states[-1] is LinkState.ONLINE)
            author.sign_in("author")
            author.post(AUDIO, title="after the end")
            await _until(changed, lambda: arrived == ["after the end"])
            assert await account.relay().tokens.access() != first
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await account.close()
        store.close()


async def _until(changed: asyncio.Event, is_so) -> None:  # type: ignore[no-untyped-def]  # () -> bool
    while not is_so():
        changed.clear()
        await changed.wait()
