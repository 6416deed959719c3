"""A plugin's Keep: the same Take as the control socket's, with the plugin's own anchor."""

from collections.abc import Callable

from daemon.errors import SidechainError
from daemon.identity.account import Account
from daemon.library.takes import Ask, Takes
from daemon.rings.instances import Instance
from plugin_protocol.messages import Keep, KeepFailed, Kept

NOTE_CHARACTERS = 512


class KeepAnswers:
    """[loop]. kept: there is a new Take to be seen to."""

    def __init__(self, takes: Takes, account: Account, kept: Callable[[], None]) -> None:
        self._takes = takes
        self._account = account
        self._kept = kept

    async def keep(self, instance: Instance, keep: Keep) -> Kept | KeepFailed:
        """One Keep, one answer; `asked` lets the plugin say it again after a lost answer."""
        ask = Ask(
            bars=keep.bars, seconds=keep.seconds, at_frame=keep.at_frame, generation=keep.generation, title=keep.title,
            post=keep.post, post_as=self._account.owner, asked=f"{instance.name}:{keep.id}",
        )  # fmt: skip
        try:
            take, _ = await self._takes.keep(instance, ask)
        except SidechainError as error:
            return KeepFailed(id=keep.id, code=error.code, message=str(error)[:NOTE_CHARACTERS])
        self._kept()
        cut = take.cut
        return Kept(
            id=keep.id, take_id=take.take_id, frames=take.frames, bars=cut.bars or 0, anchored=cut.anchored,
            note=cut.note[:NOTE_CHARACTERS],
        )  # fmt: skip
