"""The device's key in a real Secret Service: there when it is unlocked, waited for when it is not, never in plain text."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.errors import KeyringUnavailable
from daemon.identity.credentials import UNLOCK, KeyringSecret, open_identity
from tests.support.deadlines import HANG_S
from tests.support.device import running_device, until_state
from tests.support.relay import running_relay
from tests.support.secret_service import session_bus, unlocked_keyring, virtual_display, wait_for_name
from tests.support.whole import short_folder


def use(monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> None:
    for name in set(os.environ) - set(env):
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)


async def test_the_seed_is_kept_in_the_keyring_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_bus(tmp_path / "home") as env, unlocked_keyring(env, "correct horse"):
        use(monkeypatch, env)
        store = KeyringSecret("studio")
        assert await store.read() is None
        made = await open_identity(store, tmp_path / "session", create=True)
        assert made
        seed = await store.read()
        assert seed is not None
        again = await open_identity(KeyringSecret("studio"), tmp_path / "session", create=True)
        assert again and again.public_key == made.public_key
        assert await KeyringSecret("another folder").read() is None
        for path in tmp_path.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert seed not in content and seed.hex().encode() not in content, path
        await store.delete()
        await store.delete()
        assert await store.read() is None


async def test_a_locked_keyring_is_said_in_time_and_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_bus(tmp_path / "home") as env:
        use(monkeypatch, env)
        store = KeyringSecret("studio")
        with unlocked_keyring(env, "correct horse"):
            made = await open_identity(store, tmp_path / "session", create=True)
        with unlocked_keyring(env, "wrong password"):  # it starts all the same, and stays locked
            for _ in range(2):  # had it not been told in time, it would say that nobody answered
                with pytest.raises(KeyringUnavailable, match="is locked"):
                    await open_identity(store, tmp_path / "session", create=True)
        with unlocked_keyring(env, "correct horse"):
            again = await open_identity(store, tmp_path / "session", create=True)
        assert made and again and made.public_key == again.public_key


async def test_a_keyring_that_never_answers_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits behind a window for its password."""
    with session_bus(tmp_path / "home") as env, unlocked_keyring(env, "correct horse") as keyring:
        use(monkeypatch, env)
        store = KeyringSecret("studio")
        made = await open_identity(store, tmp_path / "session", create=True)
        keyring.send_signal(signal.SIGSTOP)
        with pytest.raises(KeyringUnavailable, match="did not answer"):
            async with asyncio.timeout(HANG_S):
                await open_identity(store, tmp_path / "session", create=False)
        keyring.send_signal(signal.SIGCONT)
        again = await open_identity(store, tmp_path / "session", create=False)
        assert made and again and made.public_key == again.public_key


async def test_a_locked_keyring_that_shows_its_window_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a display it asks for its password, and waits for ever when nobody types one."""
    with virtual_display() as display, session_bus(tmp_path / "home", display=display) as env:
        use(monkeypatch, env)
        store = KeyringSecret("studio")
        with unlocked_keyring(env, "correct horse"):
            made = await open_identity(store, tmp_path / "session", create=True)
        with unlocked_keyring(env, "wrong password"):
            with pytest.raises(KeyringUnavailable, match="did not answer"):
                async with asyncio.timeout(HANG_S):
                    await open_identity(store, tmp_path / "session", create=False)
            wait_for_name(env, "org.gnome.keyring.SystemPrompter")  # the window was there
        with unlocked_keyring(env, "correct horse"):
            again = await open_identity(store, tmp_path / "session", create=False)
        assert made and again and made.public_key == again.public_key


def test_a_daemon_waits_for_its_keyring_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        running_relay(tmp_path / "relay") as relay,
        short_folder() as folder,
        session_bus(tmp_path / "home") as env,
    ):
        use(monkeypatch, env)
        device = folder / "d"
        with (
            unlocked_keyring(env, "correct horse"),
            running_device(device, relay.url, credential_store="keyring") as first,
        ):
            first.json("claim", "--dev-user", "nightowl")
            until_state(first, "connected")
            assert not (first.data / "device.key").exists()
        with contextlib.ExitStack() as stack:
            with unlocked_keyring(env, "wrong password"):
                again = stack.enter_context(running_device(device, relay.url, credential_store="keyring"))
                until_state(again, "waiting_for_keyring")
                said = again.json("status")
                assert (said["sentence"], said["next_step"]) == ("The keyring is locked.", UNLOCK)
                assert "key       in the keyring" in again.command("whoami").stdout
                assert (
                    again.command("claim", "--dev-user", "nightowl").returncode
                    == KeyringUnavailable.exit_code
                )
            with unlocked_keyring(env, "correct horse"):
                until_state(again, "connected")


async def test_a_bus_without_a_keyring_is_no_place_for_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_bus(tmp_path / "home") as env:
        use(monkeypatch, env | {"XDG_DATA_DIRS": str(tmp_path / "nothing")})
        with pytest.raises(KeyringUnavailable):
            await open_identity(KeyringSecret("studio"), tmp_path / "session", create=True)
    assert not (tmp_path / "session").exists()


def test_a_plain_text_back_end_is_refused(tmp_path: Path) -> None:
    """What `pip install keyrings.alt` would bring along, chosen by the user's own setting."""
    (tmp_path / "plain_backend.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 9\n"
        "    def get_password(self, service, name): return 'stolen'\n"
        "    def set_password(self, service, name, secret): open('plain.txt', 'w').write(secret)\n"
    )
    env = os.environ | {"PYTHON_KEYRING_BACKEND": "plain_backend.Keyring", "PYTHONPATH": str(tmp_path)}
    for verb in ("set", "get"):
        refused = subprocess.run(
            [sys.executable, "-m", "daemon.identity.keyring_helper", verb, "studio"],
            cwd=Path(__file__).parents[2],
            env=env | {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
            input="secret",
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert refused.returncode == 1 and "allowed" in refused.stderr and "stolen" not in refused.stdout
    assert not list(Path(__file__).parents[2].glob("plain.txt"))
