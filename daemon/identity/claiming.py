"""Claiming this device: through the browser, by a code that is typed elsewhere, or both until one has come.

One attempt at a time; a new one ends the one before. The secrets of an attempt are in this process' memory only.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from daemon.core.claim import (
    BROWSER_PATIENCE_US,
    LISTEN_LIMIT_US,
    SECOND_US,
    Attempt,
    Denied,
    Granted,
    authorize_url,
    next_poll_s,
)
from daemon.errors import Offline, RelayRefused, SidechainError
from daemon.identity.account import Account
from daemon.identity.claiming_listener import Listener, TooManyStrangers
from daemon.identity.claiming_relay import ClaimingRelay
from daemon.identity.credentials import Identity
from relay.wire.identity import TokenPair
from relay.wire.oauth import Metadata

log = logging.getLogger(__name__)

EXCHANGE_PAUSES_S = (0.5, 2.0, 5.0, 10.0)  # a code lives for a minute
WORDS = {
    "access_denied": "The claim was answered with no.",
    "expired_token": "Nobody typed the code in time.",
    "invalid_grant": "The relay did not accept the browser's answer.",
}


class Progress(Struct, frozen=True, kw_only=True):
    """Where an attempt stands. Addresses and the code are there while they help; error: how it ended, if badly."""

    authorize_url: str | None = None
    verification_uri: str | None = None
    user_code: str | None = None
    pair: TokenPair | None = None
    error: SidechainError | None = None


class Claiming:
    """All methods are [loop]. Whenever `progress` is another one, the account says that something has changed."""

    def __init__(
        self,
        account: Account,
        *,
        patience_s: float = BROWSER_PATIENCE_US / SECOND_US,
        listen_limit_s: float = LISTEN_LIMIT_US / SECOND_US,
    ) -> None:
        self._account = account
        self._patience_s = patience_s
        self._listen_limit_s = listen_limit_s
        self._task: asyncio.Task[None] | None = None
        self._attempt: _Attempt | None = None
        self.progress: Progress | None = None  # None: no attempt is under way, and none has ended

    async def begin(self, *, by_code: bool) -> Progress:
        """Begin an attempt; what to show now. Raises Offline, RelayRefused, KeyringUnavailable, NotClaimed."""
        await self.cancel()
        relay = self._account.relay()
        identity = await self._account.identity()
        asking = ClaimingRelay(relay, identity)
        metadata = await asking.metadata()
        device = await asking.register(self._account.device_facts(identity))
        attempt = self._attempt = _Attempt(self, self._account, asking, identity, metadata, device.device_id)
        self.progress = Progress()
        first_shown = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(attempt, by_code, first_shown))
        await asyncio.wait({self._task, first_shown}, return_when=asyncio.FIRST_COMPLETED)
        first_shown.cancel()
        assert self.progress is not None
        return self.progress

    def want_code(self) -> None:
        """Show a code besides the browser, now."""
        if self._attempt is not None:
            self._attempt.want_code()

    async def cancel(self) -> None:
        """End the attempt that is under way, if any."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            self.progress = None

    def show(self, **news: object) -> None:
        self.progress = replace(self.progress or Progress(), **news)
        self._account.changed()

    async def _run(self, attempt: "_Attempt", by_code: bool, first_shown: "asyncio.Future[None]") -> None:
        def shown() -> None:
            if not first_shown.done():
                first_shown.set_result(None)

        self._account.claiming = True
        ways: list[asyncio.Task[TokenPair]] = []
        if not by_code:
            ways.append(asyncio.create_task(attempt.through_browser(self._listen_limit_s, shown)))
        patience_s = 0.0 if by_code else self._patience_s
        ways.append(asyncio.create_task(attempt.through_code(patience_s, shown)))
        try:
            pair = await _first_of(ways)
            self.show(pair=pair, authorize_url=None, verification_uri=None, user_code=None)
        except SidechainError as error:
            self.show(error=error, authorize_url=None, verification_uri=None, user_code=None)
        except Exception:  # a bug must reach the person as a sentence, and must not end the daemon
            log.exception("the claim failed")
            failed = SidechainError("The claim failed.", "The daemon's log says why; claim again.")
            self.show(error=failed, authorize_url=None, verification_uri=None, user_code=None)
        finally:
            self._account.claiming = False
            self._account.changed()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _first_of(ways: "list[asyncio.Task[TokenPair]]") -> TokenPair:
    """The tokens of whichever way ends first; a no on one way is a no."""
    for done in asyncio.as_completed(ways):
        try:
            return await done
        except _Useless:
            continue
    raise SidechainError("Nobody answered in time.", "Run `sidechain claim` again.", code="claim_timeout")


class _Useless(Exception):
    """This way leads nowhere any more; another may."""


class _Attempt:
    """One attempt and the two ways it may go."""

    def __init__(
        self,
        claiming: Claiming,
        account: Account,
        asking: ClaimingRelay,
        identity: Identity,
        metadata: Metadata,
        device_id: str,
    ) -> None:
        self._claiming = claiming
        self._account = account
        self._asking = asking
        self._identity = identity
        self._metadata = metadata
        self._device_id = device_id
        self._code_now = asyncio.Event()

    def want_code(self) -> None:
        self._code_now.set()

    async def through_browser(self, limit_s: float, shown: Callable[[], None]) -> TokenPair:
        """Raises _Useless when nothing came in time or too much that was not it."""
        secret = Attempt.of(secrets.token_bytes(128))
        async with Listener(secret, self._metadata.issuer) as listener:
            url = authorize_url(self._metadata, secret, listener.port, self._device_id)
            self._claiming.show(authorize_url=url)
            shown()
            try:
                async with asyncio.timeout(limit_s):
                    answer = await listener.answer()
            except (TimeoutError, TooManyStrangers):
                self._claiming.show(authorize_url=None)
                self.want_code()
                raise _Useless from None
            try:
                pair = await self._tokens_for(answer, secret, listener.port)
            except BaseException:
                listener.send_browser_to(self._metadata.unclaimed_page)
                raise
            listener.send_browser_to(self._metadata.claimed_page)
            return pair

    async def _tokens_for(self, answer: Granted | Denied, secret: Attempt, port: int) -> TokenPair:
        if isinstance(answer, Denied):
            raise _said_no(answer.error)
        try:
            pair = await self._exchange(secret, port, answer.code)
        except RelayRefused as error:
            raise _said_no(error.code) if error.code in WORDS else error from None
        await self._account.joined(self._identity, pair)
        return pair

    async def _exchange(self, secret: Attempt, port: int, code: str) -> TokenPair:
        """The relay may have answered and the answer got lost: the same question again gets one, while the code lives."""
        for pause_s in EXCHANGE_PAUSES_S:
            try:
                return await self._asking.exchange(self._metadata, secret, port, self._device_id, code)
            except Offline as error:
                log.info("the exchange of the code is tried again: %s", error)
                await asyncio.sleep(pause_s)
        return await self._asking.exchange(self._metadata, secret, port, self._device_id, code)

    async def through_code(self, patience_s: float, shown: Callable[[], None]) -> TokenPair:
        try:
            async with asyncio.timeout(patience_s):
                await self._code_now.wait()
        except TimeoutError:
            pass
        grant = await self._asking.begin_by_code(self._metadata, self._device_id)
        self._claiming.show(user_code=grant.user_code, verification_uri=grant.verification_uri)
        shown()
        interval_s: int | None = grant.interval
        while interval_s is not None:
            await asyncio.sleep(interval_s)
            try:
                pair = await self._asking.poll(self._metadata, self._device_id, grant.device_code)
                await self._account.joined(self._identity, pair)
                return pair
            except Offline:
                word = "offline"
            except RelayRefused as error:
                word = error.code
            interval_s = next_poll_s(interval_s, word)
        raise _said_no(word)


def _said_no(word: str) -> SidechainError:
    sentence = WORDS.get(word, f"The relay refused the claim ({word}).")
    return RelayRefused(sentence, "Run `sidechain claim` to try again.", status=400, code=word)
