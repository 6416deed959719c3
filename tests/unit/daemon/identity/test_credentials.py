"""The device's identity: one seed, and a refresh token that only this seed opens."""

import asyncio
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daemon.errors import KeyringUnavailable
from daemon.identity import credentials
from daemon.identity.credentials import FileSecret, Identity, KeyringSecret, open_identity
from tests.support.deadlines import HANG_S


async def test_the_identity_is_made_once_and_stays(tmp_path: Path) -> None:
    store = FileSecret(tmp_path / "device.key")
    assert await open_identity(store, tmp_path / "session", create=False) is None
    made = await open_identity(store, tmp_path / "session", create=True)
    again = await open_identity(store, tmp_path / "session", create=True)
    assert made and again and made.public_key == again.public_key
    assert (tmp_path / "device.key").stat().st_mode & 0o777 == 0o600


def test_signatures_verify_with_the_public_key(tmp_path: Path) -> None:
    identity = Identity(b"\x01" * 32, tmp_path / "session")
    Ed25519PublicKey.from_public_bytes(identity.public_key).verify(identity.sign(b"claim"), b"claim")


def test_the_refresh_token_is_sealed_under_the_seed(tmp_path: Path) -> None:
    identity = Identity(b"\x01" * 32, tmp_path / "session")
    identity.save_refresh_token("opaque-refresh-token")
    assert b"opaque" not in (tmp_path / "session").read_bytes()
    assert (tmp_path / "session").stat().st_mode & 0o777 == 0o600
    assert identity.refresh_token() == "opaque-refresh-token"
    assert Identity(b"\x02" * 32, tmp_path / "session").refresh_token() is None
    identity.forget()
    assert identity.refresh_token() is None


async def test_a_damaged_key_file_is_named_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "device.key").write_bytes(b"short")
    with pytest.raises(KeyringUnavailable, match=r"damaged \(5 bytes\)"):
        await open_identity(FileSecret(tmp_path / "device.key"), tmp_path / "session", create=True)
    assert (tmp_path / "device.key").read_bytes() == b"short"


class LockedAtFirst(FileSecret):
    """Its window stays until somebody cancels it; what unlocks it is something else."""

    def __init__(self, path: Path, locked_looks: int) -> None:
        super().__init__(path)
        self.locked_looks, self.windows, self.cancelled = locked_looks, 0, 0

    async def peek(self) -> bytes | None:
        self.locked_looks -= 1
        if self.locked_looks >= 0:
            raise KeyringUnavailable("The keyring is locked.", "")
        return await self.read()

    async def unlock(self) -> None:
        self.windows += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_the_window_of_a_locked_keyring_comes_once_and_stays_until_it_is_unlocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "KEYRING_RETRY_S", 0.01)
    store, told = LockedAtFirst(tmp_path / "device.key", 5), list[KeyringUnavailable]()
    await store.write(b"\x01" * 32)
    async with asyncio.timeout(HANG_S):
        identity = await credentials.awaited_identity(store, tmp_path / "session", told.append)
    await asyncio.sleep(0)
    assert identity is not None and len(told) == 5
    assert (store.windows, store.cancelled) == (1, 1)


async def test_without_a_keyring_nothing_is_stored_in_plain_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setattr(credentials, "KEYRING_LIMIT_S", HANG_S)
    with pytest.raises(KeyringUnavailable, match="cannot be used"):
        await open_identity(KeyringSecret("test"), tmp_path / "session", create=True)
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize("helper", ["import signal; signal.pause()", "import sys; sys.exit('there is none')"])
async def test_whatever_is_amiss_with_a_keyring_the_way_without_one_is_named(
    helper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it could not be told in time that there is none."""
    monkeypatch.setattr(credentials, "keyring_command", lambda: [sys.executable, "-c", helper])
    monkeypatch.setattr(credentials, "KEYRING_LIMIT_S", 0.5 if "pause" in helper else HANG_S)
    with pytest.raises(KeyringUnavailable) as raised:
        await KeyringSecret("test").read()
    assert "`sidechain setup --credential-store file`" in str(raised.value)
