"""The links by which somebody shows a loop, song, pattern or machine of theirs to others. Not queued: a link is told once."""

from daemon.core.creations import Creation
from daemon.errors import UsageError
from daemon.features.creations.sending import Sending
from daemon.identity.account import Account
from daemon.library.creations import Creations
from relay.wire.creations import NewlyShared, SharedBy


class ScoreSharing:
    """All methods are [loop]. Raises UsageError, Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account, library: Creations, sending: Sending) -> None:
        self._account = account
        self._library = library
        self._sending = sending

    async def share(self, kind: str, said: str, days: int | None) -> NewlyShared:
        """A new link; what is shown is brought to the relay before, as it is now."""
        creation = await self._sending.push(kind, said, force=False)
        return await self._account.relay().make_link(self._there(creation), days)

    async def links(self, kind: str, said: str) -> list[SharedBy]:
        """That show it now, the newest first."""
        return (await self._account.relay().links(await self._find(kind, said))).links

    async def end(self, kind: str, said: str, link: str) -> list[SharedBy]:
        """Those that are left. link: the start of an id of `links`; "": all of them."""
        relay, creation_id = self._account.relay(), await self._find(kind, said)
        left = (await relay.links(creation_id)).links
        found = [each for each in left if each.id.startswith(link)]
        if not found or (link and len(found) > 1):
            many = "Several links have" if found else "No link has"
            raise UsageError(
                f"{many} an id that starts with {link[:64]!r}.", f"`sidechain {kind}s links` lists them."
            )
        for each in found:
            left = (await relay.end_link(creation_id, each.id)).links
        return left

    async def _find(self, kind: str, said: str) -> str:
        self._sending.require_account()
        return self._there(await self._library.find(kind, said))

    def _there(self, creation: Creation) -> str:
        """Its id at the relay."""
        if creation.relay_id is None or creation.account != self._sending.require_account():
            why = creation.trouble or f"`sidechain {creation.kind}s push` brings it there."
            raise UsageError(f"“{creation.name}” is not at the relay.", why)
        return creation.relay_id
