"""From the id of a Take or an Item to what is to be played."""

from pathlib import Path

from msgspec import Struct

from daemon.errors import UsageError
from daemon.library.files import TAKE_WAV
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from relay.wire.rest import AudioPost


class Sound(Struct, frozen=True, kw_only=True):
    """What is to be played. Unknown is None. post: of the feed, and may have to be fetched; else `path`.

    plain_at: the file holds, from that byte on, interleaved float32 just as the host plays it. repeats: again and again.
    """

    kind: str
    target: str
    title: str
    seconds: float
    bpm: float | None
    bars: int | None
    post: AudioPost | None = None
    path: Path = Path()
    plain_at: int | None = None
    repeats: bool = False


async def find_sound(store: Store, takes: Takes, kind: str | None, target: str) -> Sound:
    """kind: "take", "item", or None: a Take if there is one, else an Item. Raises UsageError. [loop]

    target: any unique prefix of an id, or a name; of a Take also "last".
    """
    found = [] if kind else await store.run(Store.find_take, target)
    found = found or ([] if kind else await store.run(Store.takes_called, target))
    if kind == "take" or found or target == "last":
        return _of_take(await takes.find(target), takes.folder)
    posts = await store.run(Store.item, target) or await store.run(Store.items_called, target)
    if len(posts) == 1:
        return _of_post(posts[0])
    if posts:
        raise UsageError(f"More than one item begins with {target!r}.", "Give more of the id.")
    raise UsageError(f"There is no take and no item of the feed {target!r}.", "`sidechain feed` lists them.")


def _of_take(take: TakeRow, takes_dir: Path) -> Sound:
    return Sound(
        kind="take",
        target=take.take_id,
        title=take.name,
        seconds=take.frames / take.sample_rate_hz,
        bpm=take.bpm,
        bars=take.cut.bars,
        path=takes_dir / take.take_id / TAKE_WAV,
    )


def _of_post(post: AudioPost) -> Sound:
    return Sound(
        kind="item",
        target=post.id,
        title=post.title,
        seconds=post.frames / max(1, post.sample_rate_hz),
        bpm=post.bpm,
        bars=post.duration_bars,
        post=post,
    )
