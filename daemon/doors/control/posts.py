"""The posts of this account that are out, as the command line asks for them."""

from collections.abc import Sequence

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.feed.own_posts import OwnPosts
from relay.wire.owning import PostDetails, PostEdit, SoundVersion
from relay.wire.rest import AudioPost


class PostAnswers:
    """All methods are [loop]."""

    def __init__(self, own: OwnPosts) -> None:
        self._own = own
        self.answers: Answers = {
            c.ListPosts: self._list,
            c.EditPost: self._edit,
            c.DeletePost: self._delete,
            c.ReplaceSound: self._replace,
            c.ProcessAgain: self._process_again,
            c.ListVersions: self._versions,
            c.ForgetVersion: self._forget,
        }

    async def _list(self, request: c.ListPosts) -> c.Reply:
        listed = self._own.archived if request.archived else self._own.listed
        return c.PostList(posts=[info(post) for post in await listed(request.limit)])

    async def _edit(self, request: c.EditPost) -> c.Reply:
        tags = None if request.tags is None else list(request.tags)
        edit = PostEdit(
            title=request.title,
            genre=tags,
            visibility=request.visibility,
            licence=request.licence,
            downloads=request.downloads,
            pinned=request.pinned,
            archived=request.archived,
            remix_of=request.remix_of and await self._own.other(request.remix_of),
        )
        return c.OnePost(post=info(await self._own.edit(request.post_id, edit)))

    async def _delete(self, request: c.DeletePost) -> c.Reply:
        await self._own.delete(request.post_id)
        return c.Done()

    async def _replace(self, request: c.ReplaceSound) -> c.Reply:
        return c.OnePost(post=info(await self._own.replace(request.post_id, request.take_id)))

    async def _process_again(self, request: c.ProcessAgain) -> c.Reply:
        return c.OnePost(post=info(await self._own.process_again(request.post_id)))

    async def _versions(self, request: c.ListVersions) -> c.Reply:
        return _list_of(await self._own.versions(request.post_id))

    async def _forget(self, request: c.ForgetVersion) -> c.Reply:
        return _list_of(await self._own.forget_version(request.post_id, request.n))


def _list_of(versions: Sequence[SoundVersion]) -> c.VersionList:
    return c.VersionList(
        versions=[
            c.VersionInfo(
                n=each.n,
                created_at=each.created_at,
                current=each.current,
                duration_ms=each.duration_ms,
                bpm=each.bpm,
                key=each.key,
                size_bytes=each.size_bytes,
                url=each.audio_url,
            )
            for each in versions
        ]
    )


def info(post: AudioPost) -> c.PostInfo:
    """A Post of one's own as the command line sees it."""
    return c.PostInfo(
        post_id=post.id,
        title=post.title,
        tags=post.genre,
        visibility=post.visibility,
        created_at=post.created_at,
        url=post.page_url,
        bpm=post.bpm,
        key=post.key,
        duration_ms=post.duration_ms,
        like_count=post.like_count,
        play_count=post.play_count,
        terms=_terms(post) if isinstance(post, PostDetails) else None,
    )


def _terms(post: PostDetails) -> c.PostTerms:
    return c.PostTerms(
        licence=post.licence,
        download_url=post.download_url,
        pinned=post.pinned,
        archived=post.archived,
        version=post.version,
        remix_of=None
        if post.remix_of is None
        else f"{post.page_url.removesuffix(post.id)}{post.remix_of.id}",
    )
