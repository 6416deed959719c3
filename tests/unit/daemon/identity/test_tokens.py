"""The tokens of a device while everything happens at the wrong moment: given up, disk full, asleep, refused by strangers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daemon.errors import NoSpace, NotClaimed, Offline, RelayRefused
from daemon.identity.credentials import FileSecret, Identity, open_identity
from daemon.identity.tokens import SAVE_PAUSE_S, Tokens
from relay.wire.identity import TokenPair, TokenRefresh
from relay.wire.rest import Producer

LIFETIME_S = 900
USER = Producer(id="0" * 32, username="owner", display_name="x")


def pair(number: int) -> TokenPair:
    return TokenPair(
        access_token=f"access-token-{number:04}",
        refresh_token=f"refresh-token-{number:04}",
        expires_in=LIFETIME_S,
        device_id="0" * 32,
        user=USER,
    )


class Relay:
    """Gives pair 1, 2, 3 … for whatever it is shown. during: done before it answers."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.refusal: RelayRefused | None = None
        self.during: Callable[[], Awaitable[None]] | None = None

    async def exchange(self, given: TokenRefresh) -> TokenPair:
        self.shown.append(given.refresh_token)
        if self.during:
            await self.during()
        if self.refusal:
            raise self.refusal
        return pair(len(self.shown))


class Device:
    """A claimed device (pair 0), its clock and its disk."""

    def __init__(self, identity: Identity, session: Path) -> None:
        self.identity = identity
        self.session = session
        self.relay = Relay()
        self.lost = 0
        self.now_s = 1000.0
        self.tokens = Tokens(self.relay.exchange, self._told, lambda: self.now_s)

    def _told(self) -> None:
        self.lost += 1

    async def give_up(self) -> None:
        """As Account.unclaim does, in its order."""
        self.tokens.use(None)
        self.identity.forget()


@pytest.fixture
async def device(tmp_path: Path) -> Device:
    identity = await open_identity(FileSecret(tmp_path / "key"), tmp_path / "session", create=True)
    assert identity is not None
    made = Device(identity, tmp_path / "session")
    await made.tokens.adopt(identity, pair(0))
    return made


async def test_a_token_is_used_until_its_last_minute_and_then_renewed_once_for_all(device: Device) -> None:
    device.now_s += LIFETIME_S - 61
    assert await device.tokens.access() == "access-token-0000"
    device.now_s += 2  # also when the computer slept meanwhile: this clock runs on
    got = await asyncio.gather(*(device.tokens.access() for _ in range(20)))
    assert set(got) == {"access-token-0001"} and device.relay.shown == ["refresh-token-0000"]
    assert device.identity.refresh_token() == "refresh-token-0001"


async def test_who_is_refused_late_takes_what_others_renewed(device: Device) -> None:
    old = await device.tokens.access()
    got = await asyncio.gather(*(device.tokens.access(refused=old) for _ in range(5)))
    assert set(got) == {"access-token-0001"} and len(device.relay.shown) == 1


async def test_a_device_given_up_while_it_is_renewed_stays_given_up(device: Device) -> None:
    device.relay.during = device.give_up
    with pytest.raises(NotClaimed, match="given up"):
        await device.tokens.renew()
    assert not device.session.exists() and device.lost == 0
    with pytest.raises(NotClaimed):
        await device.tokens.access()


async def test_a_device_given_up_while_its_token_is_written_leaves_none_behind(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, really = asyncio.get_running_loop(), device.identity.save_refresh_token

    def late(token: str) -> None:
        asyncio.run_coroutine_threadsafe(device.give_up(), loop).result()
        really(token)

    monkeypatch.setattr(device.identity, "save_refresh_token", late)
    with pytest.raises(NotClaimed, match="given up"):
        await device.tokens.renew()
    assert not device.session.exists()
    with pytest.raises(NotClaimed):
        await device.tokens.access()


async def test_a_refusal_that_comes_after_the_device_was_given_up_is_no_news(device: Device) -> None:
    device.relay.during = device.give_up
    device.relay.refusal = RelayRefused("ended", status=401, code="token_invalid")
    with pytest.raises(NotClaimed):
        await device.tokens.renew()
    assert device.lost == 0


@pytest.mark.parametrize("error", [NoSpace("full"), OSError(5, "sick")], ids=["full", "sick"])
async def test_a_token_that_the_disk_does_not_take_is_not_lost(
    device: Device, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The one on the disk has been used: shown again after a minute, it would be taken for a theft."""
    really = device.identity.save_refresh_token

    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(device.identity, "save_refresh_token", fail)
    assert await device.tokens.renew() == "access-token-0001"
    assert await device.tokens.renew() == "access-token-0002"
    assert device.relay.shown == ["refresh-token-0000", "refresh-token-0001"]
    monkeypatch.setattr(device.identity, "save_refresh_token", really)
    device.now_s += SAVE_PAUSE_S
    assert await device.tokens.access() == "access-token-0002" and len(device.relay.shown) == 2
    assert device.identity.refresh_token() == "refresh-token-0002"


@pytest.mark.parametrize("code", ["token_invalid", "token_reused"])
async def test_only_the_relays_own_word_ends_a_sign_in(device: Device, code: str) -> None:
    device.relay.refusal = RelayRefused("ended", status=401, code=code)
    with pytest.raises(NotClaimed, match="no longer knows"):
        await device.tokens.renew()
    assert not device.session.exists() and device.lost == 1


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unknown"), (403, "unknown"), (404, "not_found"), (422, "validation")]
)
async def test_a_no_of_who_stands_in_between_ends_nothing(device: Device, status: int, code: str) -> None:
    """A proxy that wants a password, a portal, a relay that is being set up: it passes."""
    device.relay.refusal = RelayRefused("no", status=status, code=code)
    with pytest.raises(Offline):
        await device.tokens.renew()
    assert device.identity.refresh_token() == "refresh-token-0000" and device.lost == 0
    device.relay.refusal = None
    assert await device.tokens.renew() == "access-token-0002"
