"""Lines of takes: the recent ones and what can be done with each, what is on its way to the relay, what can be undone."""

from collections.abc import Iterator

from bridge.control import Progress, Status, TakeInfo
from tray.links import may_open
from tray.menu.words import one_line, take_name
from tray.model import (
    DiscardTake,
    Item,
    OpenUrl,
    PlayHere,
    PlayPreview,
    PostTake,
    RestoreTake,
    ShowFolder,
    UndoPost,
)
from tray.view import View

MAX_RECENT = 5
TAKE_WORDS = {"kept": "kept", "processing": "processing", "ready": "ready", "failed": "failed"}
ENTRY_WORDS = {
    "held": "to be posted",
    "waiting": "to be posted",
    "queued": "to be posted",
    "uploading": "uploading",
    "accepted": "posted",
    "quarantined": "set aside",
    "needs_attention": "needs attention",
    "discarded": "not posted",
}
STUCK_ENTRIES = ("quarantined", "needs_attention")
UNDER_WAY = ("held", "waiting", "queued", "uploading")


def undo(status: Status) -> Iterator[Item]:
    """What can still be undone, the newest first: where a hand finds it in the few seconds that there are."""
    for take in status.recent:
        if take.held_s is not None:
            label = one_line(f"Undo: do not post {take_name(take)} ({take.held_s:.0f} s left)")
            yield Item(id=f"undo:{take.take_id}", label=label, action=UndoPost(take.take_id))


def uploads(status: Status, progress: dict[str, Progress]) -> Iterator[Item]:
    """What is on its way to the relay, and how far; nothing when nothing is."""
    shown = [take for take in status.recent if take.entry_state in UNDER_WAY]
    count = max(len(shown), sum(status.outbox.get(state, 0) for state in UNDER_WAY))
    if not count:
        return
    lines = [
        Item(
            id=f"upload:{take.take_id}",
            label=one_line(f"{take_name(take)} · {take_state(take, progress.get(take.take_id))}"),
            enabled=False,
        )
        for take in shown
    ]
    if (more := count - len(shown)) > 0:
        lines.append(Item(id="upload:more", label=f"{more} more: see `sidechain outbox`", enabled=False))
    label = "1 take to post" if count == 1 else f"{count} takes to post"
    yield Item(id="uploads", label=label, submenu=tuple(lines))


def recent(view: View, status: Status) -> Item:
    """The newest takes, each with its own submenu."""
    takes = status.recent[:MAX_RECENT]
    if not takes:
        return Item(id="recent", label="Recent takes (none yet)", enabled=False)
    ids = [take.take_id for take in takes]
    lines = tuple(_take(take, ids, view.progress.get(take.take_id), status) for take in takes)
    return Item(id="recent", label="Recent takes", submenu=lines)


def restore(view: View) -> Iterator[Item]:
    """The take that was discarded last, as long as nothing else has been."""
    if view.discarded is not None:
        label = one_line(f"Restore {take_name(view.discarded)}")
        yield Item(id="restore", label=label, action=RestoreTake(view.discarded.take_id))


def _take(take: TakeInfo, ids: list[str], progress: Progress | None, status: Status) -> Item:
    """Title · bars · BPM · key · state; what is unknown is left out, what was only heard is about right."""
    parts = [take_name(take, ids)]
    if take.bars is not None:
        parts.append("1 bar" if take.bars == 1 else f"{take.bars} bars")
    if take.bpm is not None:
        about = "" if take.bpm_source in (None, "transport") else "≈ "
        parts.append(f"{about}{round(take.bpm, 1):g} BPM")
    if take.key is not None:
        parts.append(take.key)
    parts.append(take_state(take, progress))
    return Item(
        id=f"take:{take.take_id}", label=one_line(" · ".join(parts)), submenu=tuple(_deeds(take, status))
    )


def _deeds(take: TakeInfo, status: Status) -> Iterator[Item]:
    """What can be done with it now. While it is on its way it cannot be discarded: *Undo* comes first."""
    item_id, take_id, url = f"take:{take.take_id}", take.take_id, take.post_url
    stuck = take.state == "failed" or take.entry_state in STUCK_ENTRIES
    listen = PlayPreview(take_id) if can_play(status) else PlayHere(take_id)
    yield Item(id=f"{item_id}:listen", label="Listen", action=listen)
    yield Item(
        id=f"{item_id}:post",
        label="Try again to post" if stuck else "Post",  # asked again by a person, the daemon starts anew
        enabled=stuck or take.entry_state in (None, "discarded"),
        action=PostTake(take_id),
    )
    can_open = url is not None and may_open(url, status.relay_url)
    yield Item(
        id=f"{item_id}:open", label="Open the post's page", enabled=can_open, action=OpenUrl(url or "")
    )
    yield Item(id=f"{item_id}:folder", label="Show in its folder", action=ShowFolder(take_id))
    yield Item(
        id=f"{item_id}:discard",
        label="Discard",
        enabled=take.entry_state not in UNDER_WAY,
        action=DiscardTake(take_id),
    )


def can_play(status: Status) -> bool:
    """Whether there is a plugin through whose host something can be heard."""
    return any(instance.state not in ("attaching", "gone") for instance in status.instances)


def take_state(take: TakeInfo, progress: Progress | None) -> str:
    """In words, with how far it is while it moves."""
    if take.entry_state is not None:
        words = ENTRY_WORDS.get(take.entry_state, take.entry_state)
        moving = take.entry_state == "uploading" and progress is not None and progress.stage == "upload"
    else:
        words = TAKE_WORDS.get(take.state, take.state)
        moving = take.state in ("kept", "processing") and progress is not None
    return f"{words} {progress.fraction:.0%}" if moving and progress is not None else words
