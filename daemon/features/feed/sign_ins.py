"""Where an account is signed in, and its devices: look, sign out everywhere else, take one away. Asked of the relay each time."""

from collections.abc import Sequence

from daemon.errors import UsageError
from daemon.features.feed.not_queued import not_queued
from daemon.identity.account import Account
from relay.wire.identity import ClaimedDevice, SignedIn


class SignIns:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed, UsageError."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def listed(self) -> Sequence[SignedIn]:
        """Browsers and devices, the newest first."""
        return (await self._account.relay().sessions()).sessions

    async def end_others(self) -> int:
        """Sign out everywhere but here; how many that were."""
        return (await not_queued(self._account.relay().end_sessions())).ended

    async def devices(self) -> Sequence[ClaimedDevice]:
        """The last claimed first."""
        return (await self._account.relay().devices()).devices

    async def revoke(self, prefix: str) -> ClaimedDevice:
        """Take one away, by the start of its id or its name."""
        found = [
            each
            for each in await self.devices()
            if prefix and (each.device_id.startswith(prefix.lower()) or each.name == prefix)
        ]
        if len(found) != 1:
            many = "None of your devices has" if not found else "Several of your devices have"
            raise UsageError(
                f"{many} the name or an id that starts with {prefix!r}.",
                "`sidechain account devices` lists them.",
            )
        await not_queued(self._account.relay().revoke_device(found[0].device_id))
        return found[0]
