"""What everybody has posted, as the relay lists it: asked for each time, and nothing of it is stored here."""

from typing import Literal

import msgspec

from daemon.errors import UsageError
from daemon.identity.account import Account
from relay.wire.misfits import in_words
from relay.wire.operations import FeedQuery
from relay.wire.recommending import MAX_RECOMMENDED
from relay.wire.rest import AudioPost, Tag, Username
from relay.wire.search import Found, SearchQuery

Which = Literal["hot", "latest", "trending", "tag", "person", "for_you"]


class Discovering:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def page(self, which: Which, person: str, query: FeedQuery) -> tuple[list[AudioPost], str | None]:
        """Posts, and the cursor of the next page. person: whose, for "person". Raises UsageError for what is no name or tag."""
        relay = self._account.relay()
        match which:
            case "person":
                name = person.removeprefix("@").lower()
                _require(name, Username, f"“{name}” is no account's name.")
                own = await relay.posts_of(name, query.limit, query.cursor)
                return own.posts, own.next
            case "tag":
                tag = query.genre or ""
                _require(tag, Tag, f"“{tag}” is no tag.")
                found = await relay.tagged(tag, msgspec.structs.replace(query, genre=None))
            case "for_you":
                found = await relay.for_you(min(query.limit, MAX_RECOMMENDED))
            case "hot" | "latest" | "trending":
                found = await relay.discover(which, query)
        return [*found.posts], found.next

    async def search(self, words: str, limit: int) -> Found:
        """Raises UsageError for what cannot be looked for."""
        try:
            query = msgspec.convert({"q": words, "limit": limit}, SearchQuery)
        except msgspec.ValidationError:
            raise UsageError("That cannot be looked for.", "Give some words, in one line.") from None
        return await self._account.relay().search(query)


def query_of(values: object) -> FeedQuery:
    """values: of the fields of a FeedQuery. Raises UsageError: what is wrong with which."""
    try:
        return msgspec.convert(values, FeedQuery)
    except msgspec.ValidationError as error:
        said = f"No feed can be asked for that: {in_words(error, 'it')}"
        raise UsageError(said, "`sidechain feed --help` says how.") from None


def _require(text: str, kind: object, sentence: str) -> None:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        raise UsageError(sentence, "`sidechain feed` shows names and tags as they are.") from None
