"""What a person does with people at the relay: look, edit their own profile, let, block, mute, report. The same whoever asks.

Nothing is queued: what the relay did not confirm is not tried again, and that is said.
"""

import asyncio
from errno import EEXIST
from pathlib import Path
from typing import Literal

import msgspec

from daemon.errors import NotClaimed, RelayRefused, UsageError
from daemon.features.feed.not_queued import not_queued
from daemon.features.feed.own_posts import OwnPosts
from daemon.identity.account import Account
from daemon.system.reading import open_shared
from relay.wire.moderation import REASONS, NewReport
from relay.wire.people import MAX_AVATAR_BYTES, Me, ProfileEdit
from relay.wire.rest import MAX_PAGE, Producer, Username

LOOK_S = 1.0
CONFLICT = 409
MAX_ARCHIVE_BYTES = 64 << 30
Change = Literal["accept", "decline", "block", "unblock", "mute", "unmute", "remove_follower"]
Which = Literal["requests", "blocked", "muted", "followers", "following"]


class People:
    """posts: finds one by the start of its id. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed, UsageError."""

    def __init__(self, account: Account, posts: OwnPosts) -> None:
        self._account = account
        self._posts = posts

    async def me(self) -> Me:
        return await self._account.relay().me()

    async def profile(self, username: str) -> Producer:
        return await self._account.relay().user(_name(username))

    async def edit(self, edit: ProfileEdit) -> Me:
        """One's own profile as it is then."""
        try:
            msgspec.convert(msgspec.to_builtins(edit), ProfileEdit)
        except msgspec.ValidationError:
            raise UsageError(
                "This does not fit a profile.",
                "A name has 1 to 64 characters, words at most 500; there are at most 5 addresses, each with https://",
            ) from None
        return await not_queued(self._account.relay().edit_profile(edit))

    async def set_picture(self, path: str) -> Me:
        """path "": none any more."""
        if not path:
            return await not_queued(self._account.relay().remove_avatar())
        data = await asyncio.to_thread(_read, Path(path))
        return await not_queued(self._account.relay().set_avatar(data))

    async def listed(self, which: Which, username: str, limit: int) -> list[Producer]:
        """The newest first."""
        relay, most = self._account.relay(), min(limit, MAX_PAGE)
        if which in ("followers", "following"):
            if not (name := username or self._account.name):
                raise NotClaimed("This device belongs to no account.")
            return [*(await relay.people_around(which, _name(name), most)).users]
        return [*(await relay.own_people(which, most)).users]

    async def change(self, username: str, change: Change) -> None:
        await not_queued(self._account.relay().change_person(_name(username), change))

    async def report(self, target: str, reason: str, text: str) -> None:
        """target: @name, or a post as `like` takes it."""
        if reason not in REASONS:
            raise UsageError(f"“{reason}” is no reason.", f"Say one of: {', '.join(REASONS)}.")
        if target.startswith("@"):
            kind, id_ = "account", (await self.profile(target)).id
        else:
            kind, id_ = "post", await self._posts.find(target)
        given = msgspec.convert({"kind": kind, "id": id_, "reason": reason, "text": text}, NewReport)
        await not_queued(self._account.relay().report(given))

    async def export(self, path: Path) -> int:
        """All that the relay keeps of the account, as a file that was not there; its bytes. Whole, or not there."""
        partial = await asyncio.to_thread(_begin, path)
        try:
            await self._until_made()
            size_bytes = 0
            with await asyncio.to_thread(partial.open, "wb") as file:
                async for piece, _ in self._account.relay().export_archive(MAX_ARCHIVE_BYTES):
                    size_bytes += await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(partial.rename, path)
        finally:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
        return size_bytes

    async def _until_made(self) -> None:
        """The relay has made the archive anew."""
        relay = self._account.relay()
        job = await not_queued(relay.begin_export())
        while job.state in ("ready", "running"):
            await asyncio.sleep(LOOK_S)
            job = await relay.job(job.id)
        if job.state != "done":
            said = job.error or "the relay gave it up"
            raise RelayRefused(
                f"The archive was not made: {said}.", "Try again later.", status=CONFLICT, code="job"
            )

    async def delete_account(self, username: str) -> None:
        """Of the relay, for good. The takes here stay."""
        await not_queued(self._account.relay().delete_account(_name(username)))


def _name(given: str) -> str:
    """Raises UsageError."""
    name = given.removeprefix("@").lower()
    try:
        return msgspec.convert(name, Username)
    except msgspec.ValidationError:
        raise UsageError(f"“{given}” is no account's name.", "It stands on their page.") from None


def _begin(path: Path) -> Path:
    """The file beside it that becomes it; for nobody else to read. Raises UsageError."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        if path.exists():
            raise FileExistsError(EEXIST, "it is there already")
        partial.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "Name another file.") from None
    return partial


def _read(path: Path) -> bytes:
    """Raises UsageError."""
    try:
        with open_shared(path) as file:
            data = file.read(MAX_AVATAR_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "Name a picture that can be read.") from None
    if len(data) > MAX_AVATAR_BYTES:
        raise UsageError(f"{path} has more than {MAX_AVATAR_BYTES >> 20} MiB.", "Choose a smaller picture.")
    return data
