"""What the tray knows, from what the daemon says: a View for the menu, and news for the board. It asks and shows nothing.

Hearing of the same change twice is silent, whichever way it came: by an event, by an answer, or in the next status.
"""

from typing import ClassVar

from msgspec.structs import replace

from bridge import control
from tray import news
from tray.board import KIND_TOLD, Board, Kind, News
from tray.menu.feed import MAX_FEED
from tray.menu.words import take_name
from tray.model import Action, DiscardTake, RestoreTake
from tray.view import Link, View

MAX_TAKES_REMEMBERED = 200


class Follower:
    """[loop]"""

    FEED_LIMIT: ClassVar = MAX_FEED

    def __init__(self, board: Board) -> None:
        self.view = View()
        self._board = board
        self._takes: dict[str, control.TakeInfo] = {}
        self._played_here = ""
        self.begin()

    # what has to be asked -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A daemon answers: all of it has to be asked."""
        self.stale = self.feed_stale = self.login_stale = True

    @property
    def has_account(self) -> bool:
        """Whether there can be a feed."""
        return self.view.status is not None and self.view.status.account is not None

    @property
    def counts_down(self) -> bool:
        """Whether seconds are shown."""
        status = self.view.status
        return status is not None and any(take.held_s is not None for take in status.recent)

    def due(self) -> str | None:
        """What is to be said now."""
        return self._board.due(self.view.status)

    # what the daemon says -------------------------------------------------------------------------------------

    def lost(self, link: Link) -> None:
        """No daemon answers. What was new in the feed still is."""
        self.view = View(link=link, new_posts=self.view.new_posts, played_here=self.view.played_here)

    def look(self, status: control.Status) -> None:
        """How everything is now."""
        before = self.view.status
        self._tell(Kind.ATTENTION, news.of_status(before, status))
        self._tell(Kind.ACCOUNT, news.of_account(before, status))
        self._tell(Kind.RECOVERED, news.of_recovered(before, status))
        for take in reversed(status.recent):
            self._take_changed(take)
        if before is not None and before.account != status.account:
            self.feed_stale = True
            self.view = replace(self.view, feed=(), new_posts=frozenset())
        shown = {take.take_id for take in status.recent}
        self.view = replace(
            self.view,
            link=Link.UP,
            status=status,
            progress={take_id: at for take_id, at in self.view.progress.items() if take_id in shown},
            previews={preview.instance: preview for preview in status.previews},
        )

    def hear(self, event: control.Event) -> bool:
        """Whether there is something to show or to ask."""
        match event:
            case control.TakeChanged(take=take):
                self._take_changed(take)
                self.stale = True
            case control.Progress(take_id=take_id):
                self.view = replace(self.view, progress={**self.view.progress, take_id: event})
            case control.StateChanged():
                self.stale = True
            case control.NotificationsChanged():
                self._tell(KIND_TOLD.get(event.kind, Kind.OTHER), news.of_notification(event))
            case control.ItemArrived(item=item):
                self.feed_stale = True
                self.view = replace(self.view, new_posts=self.view.new_posts | {item.post_id})
            case control.PreviewChanged(preview=preview):
                return self._preview_changed(preview)
        return True

    def _preview_changed(self, preview: control.PreviewInfo) -> bool:
        """It is told of four times a second; what is shown is only that something plays."""
        known = self.view.previews.get(preview.instance)
        self.view = replace(self.view, previews={**self.view.previews, preview.instance: preview})
        return known is None or (known.state == "ended") != (preview.state == "ended")

    def feed(self, reply: control.Reply | None) -> None:
        """The newest of the feed; None: it is not known, and what was known stays."""
        if isinstance(reply, control.Feed):
            self.view = replace(self.view, feed=tuple(reply.items))

    def feed_seen(self) -> None:
        self.view = replace(self.view, new_posts=frozenset())

    def login(self, reply: control.Reply | None) -> None:
        """Whether login starts the daemon."""
        state = reply.state if isinstance(reply, control.AtLoginIs) else None
        self.view = replace(self.view, at_login=state)

    def claim(self, state: control.ClaimState) -> str | None:
        """How the attempt of this tray goes on; what is to be said of it at once."""
        sentence = news.of_claim(self.view.claim, state)
        self.view = replace(self.view, claim=state if state.state == "waiting" else None)
        return sentence

    def plays_here(self, take_id: str) -> None:
        """This machine's output plays it, and nothing else any more."""
        take = self._takes.get(take_id)
        self._played_here = take_id
        self.view = replace(self.view, played_here=take_name(take) if take else take_id)

    def silent_here(self, take_id: str) -> None:
        """It has come to its end, or was ended for another one."""
        if self._played_here == take_id:
            self._played_here = ""
            self.view = replace(self.view, played_here="")

    def answered(self, action: Action, reply: control.Reply) -> str | None:
        """The daemon has done what was asked; what is to be said of it at once."""
        if isinstance(reply, control.OneTake):
            return self._take_answered(action, reply.take)
        match reply:
            case control.OneSet(takes=[first, *_]):
                return news.of_new_take(first.take)
            case control.AtLoginIs():
                self.login(reply)
            case control.DeedDone():
                self.feed_stale = True
            case control.Previewing(preview=preview):
                return preview.note or None
        return None

    def _take_answered(self, action: Action, take: control.TakeInfo) -> str | None:
        if isinstance(action, DiscardTake):
            self._takes.pop(take.take_id, None)
            self.view = replace(self.view, discarded=take)
            return f"Discarded “{take_name(take)}”. The tray's menu restores it."
        self._take_changed(take)
        if isinstance(action, RestoreTake):
            self.view = replace(self.view, discarded=None)
            return None
        return news.of_new_take(take)

    def _take_changed(self, take: control.TakeInfo) -> None:
        """Remember it, and note what is news."""
        before = self._takes.get(take.take_id)
        if before is not None:
            self._tell(Kind.TAKE, news.of_take(before, take))
        self._takes[take.take_id] = take
        while len(self._takes) > MAX_TAKES_REMEMBERED:
            del self._takes[next(iter(self._takes))]

    def _tell(self, kind: Kind, sentence: str | None) -> None:
        if sentence:
            self._board.add(News(kind, sentence))
