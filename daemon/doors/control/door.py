"""Answers the control socket: one method per request, each ending in its reply or a sentence why not.

A translation only: it calls takes, outbox, relay and link, and turns their errors into `Failed`.
"""

import logging
import os
import time
from collections.abc import Awaitable, Callable

import bridge.control as c
from daemon.doors.control.claiming import ClaimAnswers
from daemon.doors.control.outbox import OutboxAnswers
from daemon.doors.control.recovery import RecoveryAnswers, stretch_info
from daemon.doors.control.repairs import Repairs
from daemon.doors.control.told import sound_info, take_info, told_alikes, told_take
from daemon.errors import NotClaimed, SidechainError, UsageError
from daemon.features.feed.feed import Feed
from daemon.features.history.journal import Journal
from daemon.features.previews.previews import Previews
from daemon.features.rendering.renderer import Renderer
from daemon.features.status.standing import Standing
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming
from daemon.library.entries import Entries
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Ask, Takes
from daemon.rings.instances import Instances
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

RECENT = 5


class Control:
    """All methods are [loop]."""

    def __init__(
        self,
        version: str,
        store: Store,
        takes: Takes,
        entries: Entries,
        instances: Instances,
        renderer: Renderer,
        wake_uploader: Callable[[], None],
        account: Account,
        standing: Standing,
        stop: Callable[[], None],
        notices: Callable[[], list[str]],
        go: Callable[[], None],
        journal: Journal,
        previews: Previews,
    ) -> None:
        self._version = version
        self._store = store
        self._takes = takes
        self._entries = entries
        self._instances = instances
        self._renderer = renderer
        self._wake_uploader = wake_uploader
        self._account = account
        self._standing = standing
        self._stop = stop
        self._notices = notices
        self._previews = previews
        self._started = time.monotonic()
        self._answers: dict[type, Callable[..., Awaitable[c.Reply]]] = {
            c.GetStatus: self._status, c.ListInstances: self._list_instances, c.KeepTake: self._keep,
            c.ListTakes: self._list_takes, c.ShowTake: self._show_take, c.RenameTake: self._rename,
            c.DeleteTake: self._delete, c.PostTake: self._post, c.FindSimilar: self._similar, c.GetFeed: self._feed, c.ClaimDevice: self._claim,
            c.FollowUser: self._follow, c.LikePost: self._like, c.ReactPost: self._react, c.Subscribe: self._subscribe,
            c.PlayPreview: self._play_preview, c.StopPreviews: self._stop_previews, c.Shutdown: self._shutdown,
        }  # fmt: skip
        self._answers |= ClaimAnswers(account, Claiming(account)).answers
        self._journal = journal
        self.feed = Feed(store, lambda limit: account.relay().timeline(limit), lambda: standing.online)
        self._answers |= RecoveryAnswers(journal, takes, renderer, account.changed).answers
        self._answers |= Repairs(store, takes, renderer).answers
        self._answers |= OutboxAnswers(store, takes, entries, renderer, go, account.changed).answers

    async def handle(self, request: c.Request) -> c.Reply:
        """One request, one reply."""
        try:
            return await self._answers[type(request)](request)
        except SidechainError as error:
            return c.Failed(
                id=request.id, code=error.code, message=error.message[:512], next_step=error.next_step[:512]
            )
        except Exception as error:  # a bug must reach the person as a sentence, and must not end the daemon
            log.exception("request %s failed", type(request).__name__)
            return c.Failed(
                id=request.id, code="internal", message=f"The daemon failed: {type(error).__name__}: {error}"[:512],
                next_step="The log has the details; nothing that was kept is lost.",
            )  # fmt: skip

    async def _status(self, request: c.GetStatus) -> c.Reply:
        health, counts = await self._standing.look()
        recent = await self._store.run(Store.takes, RECENT)
        return c.Status(
            id=request.id, api=c.CONTROL_API, version=self._version, pid=os.getpid(),
            uptime_s=time.monotonic() - self._started, state=health.state, sentence=health.sentence,
            relay_url=self._account.relay_url, account=self._account.name,
            instances=[i.info() for i in self._instances.all()], takes=await self._store.run(Store.count_takes),
            outbox=counts, recent=[await self._info(t) for t in recent],
            friends_producing=self._standing.friends_producing,
            previews=self._previews.infos(),
            notices=[notice[:512] for notice in self._notices()],
            recovered=[stretch_info(one) for one in self._journal.waiting()[:RECENT]],
        )  # fmt: skip

    async def _list_instances(self, request: c.ListInstances) -> c.Reply:
        return c.InstanceList(id=request.id, instances=[i.info() for i in self._instances.all()])

    async def _keep(self, request: c.KeepTake) -> c.Reply:
        if request.bars is not None and request.seconds is not None:
            raise UsageError("A take is asked for in bars or in seconds, not both.")
        instance, choice = await self._instances.choose(request.instance)
        ask = Ask(
            bars=request.bars, seconds=request.seconds, title=request.title, post=request.post,
            post_as=self._account.owner,
        )  # fmt: skip
        take, entry = await self._takes.keep(instance, ask)
        self._renderer.wake()
        return c.OneTake(
            id=request.id,
            take=take_info(take, entry, busy=False),
            path=str(self._takes.folder / take.take_id),
            instance=instance.name,
            choice=choice[:512],
        )

    async def _list_takes(self, request: c.ListTakes) -> c.Reply:
        takes = await self._store.run(Store.takes, request.limit)
        return c.TakeList(id=request.id, takes=[await self._info(t) for t in takes])

    async def _show_take(self, request: c.ShowTake) -> c.Reply:
        take = await self._takes.find(request.take_id)
        return c.OneTake(
            id=request.id,
            take=await self._info(take),
            path=str(self._takes.folder / take.take_id),
            sound=sound_info(take),
        )

    async def _rename(self, request: c.RenameTake) -> c.Reply:
        take = await self._takes.find(request.take_id)
        await self._takes.rename(take, request.title)
        return await self._show_take(c.ShowTake(id=request.id, take_id=take.take_id))

    async def _delete(self, request: c.DeleteTake) -> c.Reply:
        await self._takes.delete(await self._takes.find(request.take_id))
        return c.Done(id=request.id)

    async def _post(self, request: c.PostTake) -> c.Reply:
        take = await self._takes.find(request.take_id)
        if not self._account.relay_url:
            raise NotClaimed(
                "No relay is configured, so nothing can be posted.", "Set relay_url, then `sidechain claim`."
            )
        entry = await self._entries.post(take, request.title, self._account.owner)
        self._renderer.wake()
        self._wake_uploader()
        return c.Posted(
            id=request.id,
            entry_id=entry.entry_id,
            take_id=take.take_id,
            state=entry.state,
            post_url=entry.post_url,
        )

    async def _similar(self, request: c.FindSimilar) -> c.Reply:
        fingerprint, embedding, take_id = request.fingerprint, request.embedding, ""
        if request.take_id is not None:
            take = await self._takes.find(request.take_id)
            if take.heard is None:
                raise SidechainError(f"Take {take.take_id[:12]} was not heard yet.", "Try again in a moment.")
            fingerprint, embedding, take_id = take.heard.fingerprint, take.heard.embedding, take.take_id
        found = await self._renderer.search(fingerprint, embedding, but=take_id, limit=request.limit)
        return c.SimilarTakes(id=request.id, found=await told_alikes(self._store, found))

    async def _feed(self, request: c.GetFeed) -> c.Reply:
        posts, offline = await self.feed.posts(request.limit)
        return c.Feed(id=request.id, items=[item_info(p) for p in posts], offline=offline)

    async def _claim(self, request: c.ClaimDevice) -> c.Reply:
        pair = await self._account.claim(request.username)
        return c.Claimed(id=request.id, account=pair.user.username, device_id=pair.device_id)

    async def _follow(self, request: c.FollowUser) -> c.Reply:
        await self._account.relay().follow(request.username, request.follow)
        self.feed.changed()
        return c.Done(id=request.id)

    async def _like(self, request: c.LikePost) -> c.Reply:
        await self._account.relay().like(request.post_id)
        self.feed.changed()
        return c.Done(id=request.id)

    async def _react(self, request: c.ReactPost) -> c.Reply:
        await self._account.relay().react(request.post_id, request.emoji, request.react)
        self.feed.changed()
        return c.Done(id=request.id)

    async def _play_preview(self, request: c.PlayPreview) -> c.Reply:
        instance, _ = await self._instances.choose(request.instance)
        return c.Previewing(
            id=request.id, preview=await self._previews.play(instance, request.target, request.in_sync)
        )

    async def _stop_previews(self, request: c.StopPreviews) -> c.Reply:
        chosen = [self._instances.named(request.instance)] if request.instance else self._instances.all()
        await self._previews.stop(chosen)
        return c.Done(id=request.id)

    async def _subscribe(self, request: c.Subscribe) -> c.Reply:
        return c.Done(id=request.id)  # the endpoint notes the subscriber before it asks here

    async def _shutdown(self, request: c.Shutdown) -> c.Reply:
        self._stop()
        return c.Done(id=request.id)

    async def _info(self, take: TakeRow) -> c.TakeInfo:
        return await told_take(self._store, take, busy=self._renderer.busy_with == take.take_id)


def item_info(post: AudioPost) -> c.ItemInfo:
    """A Post as an Item of the feed."""
    return c.ItemInfo(
        post_id=post.id, author=post.username, title=post.title, bpm=post.bpm, key=post.key,
        duration_ms=post.duration_ms, created_at=post.created_at, url=post.page_url, liked=post.liked,
    )  # fmt: skip
