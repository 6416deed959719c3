"""The tokens of this device: the access token in memory, the refresh token sealed on the disk, each exchange signed.

One refresh at a time, however many ask. What comes back after the device was given up, or joined to somebody else, is
thrown away. Not here: HTTP, and where the key lies.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.system import lifetime_s
from daemon.core.claim import b64url
from daemon.errors import NoSpace, NotClaimed, Offline, RelayRefused
from daemon.identity.credentials import Identity
from relay.wire import oauth
from relay.wire.identity import TokenPair, TokenRefresh

log = logging.getLogger(__name__)

REFRESH_EARLY_S = 60.0
SAVE_PAUSE_S = 5.0
ENDED = frozenset({"token_invalid", "token_reused"})
"""The relay's own words for a sign-in that has ended. Any other no may be somebody's who stands in between."""


class Tokens:
    """exchange: POST /auth/refresh. lost: told when the relay says that this device is nobody's any more. [loop]"""

    def __init__(
        self,
        exchange: Callable[[TokenRefresh], Awaitable[TokenPair]],
        lost: Callable[[], None],
        now_s: Callable[[], float] = lifetime_s,
    ) -> None:
        self._exchange = exchange
        self._lost = lost
        self._now_s = now_s
        self._identity: Identity | None = None
        self._access: str | None = None
        self._access_until_s = 0.0
        self._unsaved: str | None = None  # a refresh token that the disk has not taken
        self._save_again_s = 0.0
        self._one_at_a_time = asyncio.Lock()

    def use(self, identity: Identity | None) -> None:
        """The identity whose refresh token is used from now on; None: nobody's."""
        self._identity = identity
        self._access = self._unsaved = None

    async def adopt(self, identity: Identity, pair: TokenPair) -> None:
        """Use the tokens of a new claim from now on; they are on the disk when this returns. Raises NoSpace, OSError.

        Not while the old ones are being refreshed: a refusal of those wipes what lies on the disk.
        """
        async with self._one_at_a_time:
            await asyncio.to_thread(identity.save_refresh_token, pair.refresh_token)
            self.use(identity)
            self._take(pair)

    async def access(self, *, refused: str | None = None) -> str:
        """A token good for a minute at least, and not the one that was `refused`. Raises NotClaimed, Offline."""
        async with self._one_at_a_time:
            identity = self._identity
            if identity and self._unsaved and self._now_s() >= self._save_again_s:
                await self._save(identity, self._unsaved)
            if self._access and self._access != refused and self._now_s() < self._access_until_s:
                return self._access
            return await self._refresh(identity)

    async def renew(self) -> str:
        """A token younger than the one in use, which the relay may still take. Raises NotClaimed, Offline."""
        return await self.access(refused=self._access)

    async def _refresh(self, identity: Identity | None) -> str:
        token = self._unsaved
        if token is None and identity is not None:
            token = await asyncio.to_thread(identity.refresh_token)
        if token is None or identity is None:
            raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
        try:
            pair = await self._exchange(_signed(identity, token))
        except RelayRefused as error:
            if error.code not in ENDED:
                raise Offline(f"The sign-in of this device cannot be renewed now: {error.message}") from error
            await self._end(identity)
            raise NotClaimed(
                f"The relay no longer knows this device: {error.message}", "Run `sidechain claim` again."
            ) from error
        self._require(identity)
        self._take(pair)
        await self._save(identity, pair.refresh_token)
        return pair.access_token

    def _take(self, pair: TokenPair) -> None:
        self._access = pair.access_token
        self._access_until_s = self._now_s() + pair.expires_in - REFRESH_EARLY_S

    async def _save(self, identity: Identity, token: str) -> None:
        """On the disk; while that is full or sick, in memory, for the one on the disk has been used up."""
        self._unsaved = token
        try:
            await asyncio.to_thread(identity.save_refresh_token, token)
        except (NoSpace, OSError) as error:
            self._save_again_s = self._now_s() + SAVE_PAUSE_S
            log.warning("the next refresh token is not on the disk yet: %s", error)
            return
        if self._identity is not identity:
            await _forget(identity)
        self._require(identity)
        self._unsaved = None

    async def _end(self, identity: Identity) -> None:
        """It will never be worth anything again, and a token that lies around helps only thieves."""
        await _forget(identity)
        if self._identity is identity:
            self.use(None)
            self._lost()

    def _require(self, identity: Identity) -> None:
        if self._identity is not identity:
            raise NotClaimed("This device was given up meanwhile.", "Run `sidechain claim`.")


async def _forget(identity: Identity) -> None:
    try:
        await asyncio.to_thread(identity.forget)
    except OSError as error:
        log.warning("a token that is worth nothing any more stays on the disk: %s", error)


def _signed(identity: Identity, token: str) -> TokenRefresh:
    """So that the token alone is worth nothing to who steals it."""
    signature = b64url(identity.sign(oauth.refresh_message(token)))
    return TokenRefresh(refresh_token=token, signature=signature)
