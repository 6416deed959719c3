"""Comments and notifications, as tray and command line ask for them."""

from msgspec.structs import asdict

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.feed.talk import Talk
from daemon.features.notifications.notifications import WAYS, NotificationChoices, Notifications
from relay.wire.comments import Comment
from relay.wire.notifications import Notification


class CommentAnswers:
    """All methods are [loop]."""

    def __init__(self, talk: Talk, notifications: Notifications) -> None:
        self._talk = talk
        self._notifications = notifications
        self.answers: Answers = {
            c.ListComments: self._list,
            c.WriteComment: self._write,
            c.EditComment: self._edit,
            c.DeleteComment: self._delete,
            c.ListNotifications: self._list_notifications,
            c.ReadNotifications: self._read_notifications,
            c.GetPreferences: self._preferences,
            c.SetPreferences: self._prefer,
        }

    async def _list(self, request: c.ListComments) -> c.Reply:
        page = await self._talk.of_post(request.post_id, request.limit, request.cursor)
        return c.CommentsAre(comments=[thread_info(each) for each in page.comments], next=page.next)

    async def _write(self, request: c.WriteComment) -> c.Reply:
        said = await self._talk.say(request.post_id, request.text, request.at_ms, request.answered)
        return c.OneComment(comment=thread_info(said))

    async def _edit(self, request: c.EditComment) -> c.Reply:
        return c.OneComment(comment=thread_info(await self._talk.edit(request.comment_id, request.text)))

    async def _delete(self, request: c.DeleteComment) -> c.Reply:
        await self._talk.delete(request.comment_id)
        return c.Done()

    async def _list_notifications(self, request: c.ListNotifications) -> c.Reply:
        page = await self._notifications.page(request.limit, request.cursor)
        return c.NotificationsAre(
            notifications=[notification_info(each) for each in page.notifications],
            unread=page.counts.unread,
            next=page.next,
        )

    async def _read_notifications(self, request: c.ReadNotifications) -> c.Reply:
        await self._notifications.mark_read()
        return c.Done()

    async def _preferences(self, _: c.GetPreferences) -> c.Reply:
        return _preferences(await self._notifications.preferences())

    async def _prefer(self, request: c.SetPreferences) -> c.Reply:
        return _preferences(await self._notifications.prefer(request.told, request.by))


def _preferences(found: NotificationChoices) -> c.PreferencesAre:
    by = {each.kind: [way for way in WAYS if getattr(each, way)] for each in found.ways}
    return c.PreferencesAre(told=found.told, by=by)


def comment_info(comment: Comment) -> c.CommentInfo:
    """A comment as the command line shows it."""
    return c.CommentInfo(
        comment_id=comment.id,
        author=comment.username,
        text=comment.text,
        created_at=comment.created_at,
        at_ms=comment.position_ms,
        edited=comment.edited_at is not None,
    )


def thread_info(comment: Comment) -> c.ThreadInfo:
    """And with what was answered to it."""
    return c.ThreadInfo(
        **asdict(comment_info(comment)),
        answers=comment.reply_count,
        replies=[comment_info(each) for each in comment.replies],
    )


def notification_info(one: Notification) -> c.NotificationInfo:
    return c.NotificationInfo(
        kind=one.kind,
        sentence=one.sentence,
        at=one.at,
        read=one.read,
        url=one.url,
        text=one.text,
    )
