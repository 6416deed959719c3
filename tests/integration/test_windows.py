"""What plugins' windows ask the daemon, with a real relay behind it: pages, likes, reactions, posting, and no relay."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import NamedTuple, TypeVar

import numpy as np
import pytest
from msgspec.structs import replace

import bridge.control as c
from bridge.paths import PLUGIN_SOCKET
from daemon.cli.stage import RunningDaemon, Stage
from plugin_protocol import message_base
from plugin_protocol.history_messages import GetMarks, GetPeaks, Marks, Peaks
from plugin_protocol.message_base import REACTIONS
from plugin_protocol.messages import (
    Alive,
    Asked,
    AskFailed,
    FeedPage,
    FromDaemon,
    FromPlugin,
    GetFeed,
    Heartbeat,
    Item,
    ItemGone,
    Keep,
    KeepAll,
    KeepFailed,
    Kept,
    KeptAll,
    LikePost,
    Play,
    Posting,
    PostTake,
    PreviewOpened,
    ReactPost,
    RingAttached,
    RingOpened,
    StopPreview,
    UndoPost,
    WindowShown,
)
from relay.wire import rest
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.plugin_peer import PluginPeer
from tests.support.relay import RelayClient
from tests.support.ringfile import RingWriter
from tests.support.whole import short_folder

T = TypeVar("T")
LIMIT_S = HANG_S
HEARTBEAT_S = 0.5
POSTS = 3


class Scene(NamedTuple):
    stage: Stage
    daemon: RunningDaemon
    relay: asyncio.subprocess.Process
    mira: RelayClient
    peer: PluginPeer


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A daemon that follows mira, who has posted, and one plugin whose window is open."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, url = await stage.relay()
            mira = RelayClient(url)
            await asyncio.to_thread(mira.sign_in, "mira.k")
            for number in range(POSTS):
                await asyncio.to_thread(mira.post, short_flac(), title=f"loop {number}", bpm=92.5)
            tobi = RelayClient(url)
            await asyncio.to_thread(tobi.sign_in, "tobi")
            await asyncio.to_thread(tobi.post, short_flac(), title="before you came")
            tobi.close()
            daemon = await stage.daemon("a", url)
            await daemon.client.request(c.ClaimDevice(username="nightowl"))
            await daemon.client.request(c.FollowUser(username="mira.k"))
            async with PluginPeer(daemon.run / PLUGIN_SOCKET) as peer:
                await peer.greet()
                await peer.say(WindowShown(open=True))
                yield Scene(stage, daemon, relay, mira, peer)
            mira.close()


async def ask(peer: PluginPeer, question: FromPlugin) -> tuple[list[FromDaemon], FromDaemon]:
    """What was said until the answer, and the answer."""
    await peer.say(question)
    said: list[FromDaemon] = []
    while True:
        heard = await peer.hear(LIMIT_S)
        if isinstance(heard, FeedPage | Peaks | Marks | Asked | AskFailed | KeptAll):
            return said, heard
        said.append(heard)


async def until_heard(peer: PluginPeer, wanted: Callable[[FromDaemon], bool]) -> FromDaemon:
    async with asyncio.timeout(LIMIT_S):
        while not wanted(heard := await peer.hear(LIMIT_S)):
            pass
    return heard


async def whole_feed(peer: PluginPeer, limit: int = 1) -> tuple[dict[str, Item], list[str]]:
    """All rows by their post, last said last, and the notes of the pages."""
    rows: dict[str, Item] = {}
    notes, cursor, number = [], "", 0
    while True:
        number += 1
        said, page = await ask(peer, GetFeed(id=number, cursor=cursor, limit=limit))
        assert isinstance(page, FeedPage) and page.id == number
        rows |= {item.post_id: item for item in said if isinstance(item, Item)}
        notes.append(page.note)
        cursor = page.next
        if not cursor:
            return rows, notes


async def test_the_row_of_a_post_that_was_deleted_goes(scene: Scene) -> None:
    rows, _ = await whole_feed(scene.peer)
    gone = next(iter(rows))
    await asyncio.to_thread(lambda: scene.mira.http.delete(f"/audio/{gone}").raise_for_status())
    heard = await until_heard(scene.peer, lambda m: isinstance(m, ItemGone))
    assert isinstance(heard, ItemGone) and heard.post_id == gone


async def test_the_feed_comes_in_pages_from_the_relay_and_without_it_from_what_is_stored(
    scene: Scene,
) -> None:
    rows, notes = await whole_feed(scene.peer)
    titles = [row.title for row in sorted(rows.values(), key=lambda r: r.created_us, reverse=True)]
    assert titles == [f"loop {n}" for n in reversed(range(POSTS))]
    assert set(notes) == {""} and len(notes) == 3
    first = next(iter(rows.values()))
    assert (first.author, first.bpm, first.key, first.mine, len(first.outline)) == (
        "mira.k",
        92.5,
        None,
        False,
        160,
    )
    assert max(first.outline) > 20
    scene.relay.kill()
    await scene.relay.wait()
    stored, notes = await whole_feed(scene.peer)
    assert stored.keys() == rows.keys()
    assert "does not answer" in notes[0] and not any(notes[1:])


async def test_what_a_window_asks_is_done_or_answered_with_a_sentence(scene: Scene) -> None:
    await likes_and_reactions_come_back_as_the_changed_row(scene)
    await what_the_command_line_does_shows_in_the_window(scene)
    await what_a_window_does_shows_on_the_command_line(scene)
    await new_posts_of_others_come_unasked(scene)
    await posts_of_who_is_followed_elsewhere_come_unasked(scene)
    await what_cannot_be_done_is_a_sentence(scene)
    await heartbeats_do_not_wait_for_the_relay(scene)


async def likes_and_reactions_come_back_as_the_changed_row(scene: Scene) -> None:
    said, _ = await ask(scene.peer, GetFeed(id=1, limit=1))
    (row,) = {item.post_id: item for item in said if isinstance(item, Item)}.values()
    said, done = await ask(scene.peer, LikePost(id=2, post_id=row.post_id, like=True))
    assert done == Asked(id=2) and isinstance(said[-1], Item)
    assert (said[-1].liked, said[-1].like_count) == (True, 1)
    said, done = await ask(scene.peer, ReactPost(id=3, post_id=row.post_id, reaction=2, react=True))
    assert isinstance(said[-1], Item)
    assert said[-1].reacted == 0b100 and said[-1].reaction_counts[8:12] == b"\1\0\0\0"
    seen = (await asyncio.to_thread(scene.mira.http.get, f"/audio/{row.post_id}")).json()
    assert (seen["like_count"], seen["reactions"]) == (1, {"🔥": 1})
    await ask(scene.peer, LikePost(id=4, post_id=row.post_id, like=False))
    said, _ = await ask(scene.peer, ReactPost(id=5, post_id=row.post_id, reaction=2, react=False))
    assert isinstance(said[-1], Item)
    assert (said[-1].like_count, said[-1].reacted, sum(said[-1].reaction_counts)) == (0, 0, 0)
    _, failed = await ask(scene.peer, LikePost(id=6, post_id="0" * 32, like=True))
    assert isinstance(failed, AskFailed) and failed.message == "There is no such post."


async def what_the_command_line_does_shows_in_the_window(scene: Scene) -> None:
    (post_id,) = {item.post_id for item in (await of_the_feed(scene))[:1]}
    await scene.daemon.client.request(c.LikePost(post_id=post_id))
    heard = await until_heard(scene.peer, lambda m: isinstance(m, Item) and m.post_id == post_id)
    assert isinstance(heard, Item) and (heard.liked, heard.like_count) == (True, 1)


async def what_a_window_does_shows_on_the_command_line(scene: Scene) -> None:
    """Also when the command line has just been shown the feed as it was."""
    await until_online(scene)
    first, *_ = await of_the_feed(scene)
    assert first.liked
    await ask(scene.peer, LikePost(id=20, post_id=first.post_id, like=False))
    assert not (await of_the_feed(scene))[0].liked


async def of_the_feed(scene: Scene) -> list[c.ItemInfo]:
    feed = await scene.daemon.client.request(c.GetFeed())
    assert isinstance(feed, c.Feed)
    return feed.items


async def new_posts_of_others_come_unasked(scene: Scene) -> None:
    await until_online(scene)
    posting = asyncio.to_thread(scene.mira.post, short_flac(), title="just now")
    post = await with_heartbeats(scene.peer, posting)
    heard = await until_heard(scene.peer, lambda m: isinstance(m, Item) and m.post_id == post.id)
    assert isinstance(heard, Item) and heard.title == "just now"


async def posts_of_who_is_followed_elsewhere_come_unasked(scene: Scene) -> None:
    """By the command line: an open window has their rows without being opened anew."""
    await until_online(scene)
    await with_heartbeats(scene.peer, scene.daemon.client.request(c.FollowUser(username="tobi")))
    heard = await until_heard(scene.peer, lambda m: isinstance(m, Item) and m.author == "tobi")
    assert isinstance(heard, Item) and heard.title == "before you came"


async def what_cannot_be_done_is_a_sentence(scene: Scene) -> None:
    _, failed = await ask(scene.peer, PostTake(id=1, take_id="0" * 32, title=""))
    assert isinstance(failed, AskFailed) and "no longer in the library" in failed.message
    _, failed = await ask(scene.peer, GetFeed(id=2, cursor="nonsense", limit=5))
    assert isinstance(failed, AskFailed) and failed.id == 2


async def heartbeats_do_not_wait_for_the_relay(scene: Scene) -> None:
    for number in range(3, 60):
        await scene.peer.say(GetFeed(id=number, limit=20))
    await scene.peer.say(Heartbeat(process_count=1, playing=False))
    answered, busy = 0, 0
    alive = False
    async with asyncio.timeout(LIMIT_S):
        while answered < 57 or not alive:
            match await scene.peer.hear(LIMIT_S):
                case FeedPage():
                    answered += 1
                case AskFailed(code="busy"):
                    answered, busy = answered + 1, busy + 1
                case Alive(account="nightowl"):
                    alive = True
    assert busy > 0


async def with_heartbeats(peer: PluginPeer, work: Coroutine[object, object, T]) -> T:
    """What it gives. The plugin goes on saying that it lives: where the work takes its time, its window would be given up."""
    task = asyncio.create_task(work)
    while not task.done():
        await peer.say(Heartbeat(process_count=1, playing=False))
        await asyncio.wait({task}, timeout=HEARTBEAT_S)
    return task.result()


async def until_online(scene: Scene) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            await scene.peer.say(Heartbeat(process_count=1, playing=False))
            heard = await until_heard(scene.peer, lambda m: isinstance(m, Alive))
            if isinstance(heard, Alive) and heard.relay_state == "online":
                return
            await asyncio.sleep(0.05)


def test_both_sides_have_the_same_reactions_and_columns() -> None:

    assert REACTIONS == rest.REACTIONS
    assert message_base.OUTLINE_COLUMNS == rest.OUTLINE_COLUMNS


async def test_a_window_undoes_what_it_posts_and_keeps_all_tracks_of_its_host() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, url = await stage.relay()
            daemon = await stage.daemon("a", url, undo_seconds="600")
            await daemon.client.request(c.ClaimDevice(username="nightowl"))
            ring = RingWriter(daemon.run, sample_rate_hz=8_000.0, capacity_frames=1 << 15)
            for _ in range(4):
                ring.write(np.full((4_000, 2), 0.25, np.float32))
            async with PluginPeer(daemon.run / PLUGIN_SOCKET) as peer:
                await peer.greet(instance=ring.header.instance_id, track_name="Lead")
                await peer.say(WindowShown(open=True))
                opened = RingOpened(
                    segment=ring.segment,
                    generation=ring.header.generation,
                    sample_rate_hz=8_000.0,
                    channels=2,
                    capacity_frames=1 << 15,
                )
                await peer.say(opened)
                await until_heard(peer, lambda m: isinstance(m, RingAttached))
                await keep_and_undo(peer, ring.header.generation)
                await post_and_undo_again(peer, daemon)
                await keep_all(peer, daemon, ring.header.generation)
                await a_part_is_drawn_kept_and_played(peer, daemon, ring.header.generation)
            ring.die()


async def keep_and_undo(peer: PluginPeer, generation: int) -> None:
    await peer.say(Keep(id=1, generation=generation, at_frame=16_000, seconds=1.0, post=True))
    kept = await until_heard(peer, lambda m: isinstance(m, Kept))
    assert isinstance(kept, Kept) and 590_000 < kept.held_ms <= 600_000, "the countdown is true"
    assert kept.name.startswith("Lead · ")
    said, answer = await ask(peer, UndoPost(id=2, take_id=kept.take_id))
    assert answer == Asked(id=2)
    told = [(m.state, m.held_ms) for m in said if isinstance(m, Posting)]
    assert told[-1] == ("discarded", 0)


async def post_and_undo_again(peer: PluginPeer, daemon: RunningDaemon) -> None:
    listed = await daemon.client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    said, answer = await ask(peer, PostTake(id=3, take_id=listed.takes[0].take_id))
    assert answer == Asked(id=3)
    assert any(isinstance(m, Posting) and m.state == "held" and m.held_ms > 590_000 for m in said)
    await daemon.client.request(c.UndoPost())
    await until_heard(peer, lambda m: isinstance(m, Posting) and m.state == "discarded")
    _, answer = await ask(peer, UndoPost(id=4, take_id="nothing"))
    assert isinstance(answer, AskFailed) and "No entry has an id" in answer.message


async def keep_all(peer: PluginPeer, daemon: RunningDaemon, generation: int) -> None:
    asked = KeepAll(id=5, generation=generation, at_frame=12_000, bars=2, title="Night")
    _, first = await ask(peer, asked)
    assert isinstance(first, KeptAll) and (first.takes, first.name) == (1, "Night")
    _, again = await ask(peer, asked)
    assert isinstance(again, KeptAll) and again.set_id == first.set_id, "said again, it is the same set"
    shown = await daemon.client.request(c.ShowSet(set_id="last"))
    assert isinstance(shown, c.OneSet) and shown.set.set_id == first.set_id
    assert shown.takes[0].take.title == "Night · Lead"
    _, answer = await ask(peer, KeepAll(id=6, generation=generation + 1, at_frame=1, bars=2))
    assert isinstance(answer, AskFailed) and "Keep again" in answer.message


async def a_part_is_drawn_kept_and_played(peer: PluginPeer, daemon: RunningDaemon, generation: int) -> None:
    """Each answer carries the number of its question, and frames of the Ring that was asked about."""
    asked = GetPeaks(id=7, generation=generation, first_frame=0, end_frame=16_000, columns=16)
    _, drawn = await ask(peer, asked)
    assert isinstance(drawn, Peaks) and (drawn.id, drawn.generation, drawn.end_frame) == (
        7,
        generation,
        16_000,
    )
    assert len(drawn.peaks) == 64 and any(drawn.peaks) and not any(drawn.holes)
    _, bars = await ask(peer, GetMarks(id=8, generation=generation, first_frame=0, end_frame=1 << 40))
    assert isinstance(bars, Marks) and bars.id == 8 and len(bars.marks) >= 24
    _, answer = await ask(
        peer, GetPeaks(id=9, generation=generation + 1, first_frame=0, end_frame=9, columns=1)
    )
    assert isinstance(answer, AskFailed) and answer.id == 9
    keep = Keep(id=10, generation=generation, first_frame=1_001, at_frame=9_002)
    for _ in range(2):
        await peer.say(keep)
        kept = await until_heard(peer, lambda m: isinstance(m, Kept))
        assert isinstance(kept, Kept) and (kept.id, kept.frames) == (10, 8_001)
    await peer.say(replace(keep, id=11, bars=8))
    failed = await until_heard(peer, lambda m: isinstance(m, KeepFailed))
    assert isinstance(failed, KeepFailed) and "only in one of these ways" in failed.message
    play = Play(
        id=12, generation=generation, kind="history", target="1 s", first_frame=1_001, end_frame=9_002
    )
    await peer.say(play)
    opened = await until_heard(peer, lambda m: isinstance(m, PreviewOpened))
    assert isinstance(opened, PreviewOpened)
    assert (opened.id, opened.kind, opened.target, opened.frames) == (12, "history", "1 s", None), (
        "it repeats"
    )
    ring = (daemon.run / opened.segment).read_bytes()[4096 : 4096 + opened.capacity_frames * 8]
    part, again = ring[: 8_001 * 8], ring[8_001 * 8 : 16_002 * 8]
    assert any(part) and part == again, "the part, and the part once more"
    await peer.say(StopPreview())
