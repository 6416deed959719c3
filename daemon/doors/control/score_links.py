"""Links to loops, songs, patterns and machines, as the command line asks for them."""

from collections.abc import Iterable

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.creations.sharing import ScoreSharing
from relay.wire.creations import NewlyShared, SharedBy


class ScoreLinkAnswers:
    """All methods are [loop]."""

    def __init__(self, sharing: ScoreSharing) -> None:
        self._sharing = sharing
        self.answers: Answers = {c.ShareCreation: self._share, c.ListLinks: self._list, c.EndLinks: self._end}

    async def _share(self, request: c.ShareCreation) -> c.Reply:
        return _told([await self._sharing.share(request.kind, request.creation, request.days)])

    async def _list(self, request: c.ListLinks) -> c.Reply:
        return _told(await self._sharing.links(request.kind, request.creation))

    async def _end(self, request: c.EndLinks) -> c.Reply:
        return _told(await self._sharing.end(request.kind, request.creation, request.link))


def _told(links: Iterable[SharedBy]) -> c.LinkList:
    return c.LinkList(
        links=[
            c.LinkInfo(
                link_id=each.id,
                created_at=each.created_at,
                expires_at=each.expires_at,
                url=each.url if isinstance(each, NewlyShared) else None,
            )
            for each in links
        ]
    )
