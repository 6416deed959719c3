"""Who this device is at the relay: claimed or not, the identity, and what stands in the way.

A locked keyring is a state that is waited for, never an exit and never plain text.
"""

import asyncio
import logging
import platform
import socket
from collections.abc import Callable

from daemon.config import Config
from daemon.errors import KeyringUnavailable, NotClaimed
from daemon.shell.credentials import FileSecret, KeyringSecret, SecretStore, open_identity
from daemon.shell.relay_client import RelayClient
from daemon.shell.store import Store
from relay.wire.rest import TokenPair

log = logging.getLogger(__name__)

KEYRING_RETRY_S = 10.0


class Account:
    """All methods are [loop]. name: the account this device belongs to, or None. problem: a sentence, or None."""

    def __init__(self, config: Config, store: Store, version: str, changed: Callable[[], None]) -> None:
        self._config = config
        self._store = store
        self._version = version
        self._changed = changed
        self._relay = RelayClient(config.relay_url) if config.relay_url else None
        self._secret: SecretStore = (
            FileSecret(config.data / "device.key")
            if config.credential_store == "file"
            else KeyringSecret(str(config.data))
        )
        self._session_file = config.data / "session.sealed"
        self.name: str | None = None
        self.problem: str | None = None
        self.claimed = asyncio.Event()

    @property
    def relay_url(self) -> str | None:
        return self._config.relay_url or None

    def relay(self) -> RelayClient:
        """The relay's client. Raises NotClaimed when no relay is configured."""
        if self._relay is None:
            raise NotClaimed(
                "No relay is configured.", "Set relay_url in the settings, then `sidechain claim`."
            )
        return self._relay

    async def open(self) -> None:
        """Take up the identity of an earlier claim; waits for a locked keyring as long as it takes."""
        facts = await self._store.run(Store.facts)
        if self._relay is None or "account" not in facts:
            return
        while True:
            try:
                identity = await open_identity(self._secret, self._session_file, create=False)
                break
            except KeyringUnavailable as error:
                self._set_problem(str(error))
                await asyncio.sleep(KEYRING_RETRY_S)
        self._set_problem(None)
        if identity:
            self._relay.use(identity)
            self.name = facts["account"]
            self.claimed.set()
            self._changed()

    async def claim(self, username: str) -> TokenPair:
        """Join this device to `username`. Raises Offline, RelayRefused, KeyringUnavailable."""
        relay = self.relay()
        identity = await open_identity(self._secret, self._session_file, create=True)
        assert identity is not None
        name = self._config.device_name or socket.gethostname() or "this computer"
        pair = await relay.claim(identity, username, name[:64], platform.system() or "unknown", self._version)
        await self._store.run(
            Store.set_facts,
            {"account": pair.user.username, "user_id": pair.user.id, "device_id": pair.device_id},
        )
        self.name = pair.user.username
        self._set_problem(None)
        self.claimed.set()
        self._changed()
        return pair

    async def close(self) -> None:
        if self._relay:
            await self._relay.close()

    def _set_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._changed()
