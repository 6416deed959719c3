"""What a plugin's window asks that concerns people and accounts: follow, a page in the browser, whose this device is."""

from collections.abc import Callable

from daemon.doors.sentences import MAX_CHARACTERS
from daemon.events import AccountChanged, Bus
from daemon.features.browsing.browsing import Browsing
from daemon.features.feed.social import Social
from daemon.identity.claiming import Claiming
from plugin_protocol.messages import Asked, FromDaemon, Notice
from plugin_protocol.people_messages import ClaimDevice, FollowPerson, FromAccount, OpenPage


class WindowPeople:
    """All methods are [loop]. tell: something to all open windows."""

    def __init__(
        self,
        *,
        social: Social,
        browsing: Browsing,
        claiming: Claiming,
        tell: Callable[[FromDaemon], None],
        bus: Bus,
    ) -> None:
        self._social = social
        self._browsing = browsing
        self._claiming = claiming
        self._tell = tell
        self._claims = False  # a claim that was begun here has not ended
        bus.on(AccountChanged, lambda _: self._claim_went_on())

    async def carry_out(self, message: FromAccount) -> Asked:
        """Raises UsageError, SidechainError."""
        match message:
            case FollowPerson():
                await self._social.follow(message.username, message.follow)
            case OpenPage(kind="take"):
                await self._browsing.open_take(message.target)
            case OpenPage():
                await self._browsing.open_item(message.target)
            case ClaimDevice():
                await self._claim()
        return Asked(id=message.id)

    async def _claim(self) -> None:
        progress = await self._browsing.claim()
        self._claims = True
        if progress.user_code and not progress.authorize_url:
            said = f"Type {progress.user_code} on the page that has opened."
            self._tell(Notice(kind="claim", message=said))

    def _claim_went_on(self) -> None:
        progress = self._claiming.progress
        if not self._claims or (progress and not progress.error and not progress.pair):
            return
        self._claims = False
        if progress and progress.error:
            self._tell(Notice(kind="claim", message=str(progress.error)[:MAX_CHARACTERS]))
