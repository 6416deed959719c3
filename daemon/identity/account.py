"""Who this device is at the relay: claimed or not, the identity, and what stands in the way.

A locked keyring is a state that is waited for, never an exit and never plain text.
"""

import asyncio
import contextlib
import logging
import platform
import socket

import msgspec
from msgspec.structs import replace

from daemon.config import Config
from daemon.core.claim import b64url
from daemon.core.health import SET_A_RELAY
from daemon.errors import KeyringUnavailable, NotClaimed, Offline, RelayRefused, SidechainError
from daemon.events import AccountChanged, Bus, SettingsChanged
from daemon.identity.credentials import (
    UNLOCK,
    FileSecret,
    Identity,
    KeyringSecret,
    SecretStore,
    awaited_identity,
    open_identity,
)
from daemon.identity.farewells import Farewells
from daemon.identity.relay import DeviceRelay
from daemon.library.store import Store
from daemon.system.files import write_durably
from relay.wire.identity import DeviceFarewell, DeviceRegister, TokenPair, farewell_message, register_message

log = logging.getLogger(__name__)


class Account:
    """All methods are [loop]. problem: a sentence, or None.

    name: the account in whose name we can act now, or None. owner: whose the device is by all that is known here, also
    while the keyring is locked; what is asked to be posted is theirs.
    """

    def __init__(self, config: Config, store: Store, version: str, bus: Bus) -> None:
        self._config = config
        self._store = store
        self._version = version
        self._bus = bus
        url, certificate = config.relay_url, config.relay_certificate
        self._relay = DeviceRelay(url, self._lost, certificate) if url else None
        self._secret: SecretStore = (
            FileSecret(config.data / "device.key")
            if config.credential_store == "file"
            else KeyringSecret(str(config.data))
        )
        self._session_file = config.data / "session.sealed"
        self._facts_file = config.data / "account.json"
        self.farewells = Farewells(config.data / "farewells.json", config.relay_url)
        self.name: str | None = None
        self.owner: str | None = None
        self.problem: str | None = None
        self.claiming = False  # somebody is asked whether it is theirs
        self.claimed = asyncio.Event()
        self.given_up = asyncio.Event()
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    def changed(self) -> None:
        """Something that is shown of the account, or of a claim that is under way, is otherwise now."""
        self._bus.tell(AccountChanged())

    @property
    def relay_url(self) -> str | None:
        return self._config.relay_url or None

    @property
    def credential_store(self) -> str:
        """Where the device key lies: "keyring" or "file"."""
        return self._config.credential_store

    @property
    def device_name(self) -> str:
        """What the person who is asked reads."""
        return self._config.device_name or socket.gethostname() or "this computer"

    def device_facts(self, identity: Identity) -> DeviceRegister:
        """What the relay is told of this device, signed by it."""
        unsigned = DeviceRegister(
            public_key=b64url(identity.public_key),
            name=self.device_name[:64],
            platform=(platform.system() or "unknown")[:64],
            version=self._version[:64],
            signature="",
        )
        return replace(unsigned, signature=b64url(identity.sign(register_message(unsigned))))

    def relay(self) -> DeviceRelay:
        """The relay's client. Raises NotClaimed when no relay is configured."""
        if self._relay is None:
            raise NotClaimed("No relay is configured.", f"{SET_A_RELAY} Then `sidechain claim`.")
        return self._relay

    async def recall(self) -> None:
        """Whose the device is, from what lies on the disk; before anything can be asked."""
        facts = await self._known_facts()
        claimed = await asyncio.to_thread(self._session_file.exists)
        self.owner = facts.get("account") if claimed else None

    async def open(self) -> None:
        """Take up the identity of an earlier claim; waits for a locked keyring as long as it takes."""
        facts = await self._known_facts()
        if self._relay is None or "account" not in facts:
            return
        identity = await awaited_identity(self._secret, self._session_file, self._waits)
        sealed = await asyncio.to_thread(identity.refresh_token) if identity else None
        facts = await self._known_facts()
        if self.name or "account" not in facts:
            return  # given up or claimed anew meanwhile, perhaps by somebody else
        self._set_problem(None)
        if identity and sealed is not None:
            self._relay.tokens.use(identity)
            self.name = self.owner = facts["account"]
            self.claimed.set()
            self.changed()

    def _waits(self, error: KeyringUnavailable) -> None:
        self._set_problem(str(error).removesuffix(UNLOCK).strip())  # the state says that itself

    async def claim(self, username: str) -> TokenPair:
        """Join this device to `username` by the sign-in of a relay for development. Raises as `identity` and calls."""
        identity = await self.identity()
        pair = await self.relay().claim(identity, username, self.device_facts(identity))
        await self.joined(identity, pair)
        return pair

    async def identity(self) -> Identity:
        """The device's key, made now if there is none. Raises KeyringUnavailable."""
        identity = await open_identity(self._secret, self._session_file, create=True)
        assert identity is not None
        return identity

    async def joined(self, identity: Identity, pair: TokenPair) -> None:
        """A claim has come to its end: keep the tokens, remember whose the device is. Only then it is claimed."""
        await self.relay().tokens.adopt(identity, pair)
        # Not before: what this device has said about an earlier owner must not end what it has now.
        await self.farewells.drop(pair.device_id)
        facts = {"account": pair.user.username, "user_id": pair.user.id, "device_id": pair.device_id}
        await asyncio.to_thread(write_durably, self._facts_file, msgspec.json.encode(facts))
        await self._store.run(Store.set_facts, facts)
        self.name = self.owner = pair.user.username
        self._set_problem(None)
        self.claimed.set()
        self.changed()

    async def unclaim(self) -> bool:
        """Give the device up: here at once, at the relay if it answers (False: it is told as soon as it does).

        Takes stay, and so do Entries: each remembers whose it is and waits for that account. The next claim makes
        another key, so that the relay sees another device. Raises NotClaimed, KeyringUnavailable.
        """
        relay = self.relay()
        identity = await open_identity(self._secret, self._session_file, create=False)
        if identity is None and self.owner is None:
            raise NotClaimed("This device belongs to no account.")
        device_id = (await self._known_facts()).get("device_id")
        told = False
        farewell: DeviceFarewell | None = None
        if identity and device_id:  # before the key is gone
            signature = b64url(identity.sign(farewell_message(device_id)))
            farewell = DeviceFarewell(device_id=device_id, signature=signature)
            await self.farewells.add(farewell)
        self.given_up.set()
        if farewell:
            try:
                await relay.farewell(farewell)
                await self.farewells.drop(farewell.device_id)
                told = True
            except (Offline, RelayRefused) as error:
                log.warning("the relay is told of the unclaim later: %s", error)
                self.farewells.wake()
        relay.tokens.use(None)
        self.name = self.owner = None
        # An empty file, not none: it must outweigh what the library remembers.
        await asyncio.to_thread(write_durably, self._facts_file, b"{}")
        await self._store.run(Store.set_facts, {})
        if identity:
            await asyncio.to_thread(identity.forget)
        await self._secret.delete()
        self.changed()
        return told

    async def say_farewells(self) -> None:
        """For ever: tell the relay of devices that were given up while it could not be reached."""
        if self._relay is not None:
            await self.farewells.say(self._relay.farewell)

    async def confirm_loss(self) -> None:
        """The link was told that this device is nobody's: if the relay says so again, its tokens are wiped."""
        with contextlib.suppress(SidechainError):
            await self.relay().tokens.renew()

    def _lost(self) -> None:
        """The relay no longer knows this device: nothing goes out in its name until it is claimed again."""
        self.name = self.owner = None
        self.changed()

    async def facts(self) -> dict[str, str]:
        """account, user_id and device_id of the claim that holds; empty without one."""
        return await self._known_facts()

    async def _known_facts(self) -> dict[str, str]:
        """Who this device is: from the file beside the library, which may be newer or a new one."""
        stored = await self._store.run(Store.facts)
        try:
            data = await asyncio.to_thread(self._facts_file.read_bytes)
            facts = msgspec.json.decode(data, type=dict[str, str])
        except (OSError, msgspec.DecodeError) as error:
            if stored and isinstance(error, (FileNotFoundError, msgspec.DecodeError)):
                await asyncio.to_thread(write_durably, self._facts_file, msgspec.json.encode(stored))
            return stored
        if facts != stored:
            await self._store.run(Store.set_facts, facts)
        return facts

    async def close(self) -> None:
        if self._relay:
            await self._relay.close()

    def _set_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.changed()
