"""The operations of people and of what they do with each other's posts, as rows (operations.py): profiles, following, reactions,
comments, notifications, reports.
"""

from relay.wire import comments, moderation, notifications, people, rest
from relay.wire.jobs import Job
from relay.wire.operation import AudioBytes as AudioBytes
from relay.wire.operation import ManyPaging as ManyPaging
from relay.wire.operation import Nothing as Nothing
from relay.wire.operation import Operation
from relay.wire.operation import Paging as Paging
from relay.wire.operation import ReactionPaging as ReactionPaging
from relay.wire.operation import get_row as _get
from relay.wire.operation import list_row as _list
from relay.wire.operation import post_row as _post
from relay.wire.operation import row_of as _row
from relay.wire.rest import API_PREFIX

# people -------------------------------------------------------------------------------------------------------

ME = _get("/users/me", people.Me, "Your own profile.")
UPDATE_ME, EDIT_ME = (
    _row(method, "/users/me", people.ProfileEdit, Nothing, people.Me, "Change your profile.", "")
    for method in ("PUT", "PATCH")
)
EXPORT_ME = _post(
    "/users/me/export",
    Nothing,
    Job,
    "Make an archive of all that is yours: rows as JSON, your sound as FLAC.",
)
EXPORT = _get("/users/me/export", people.Export, "The archive that was made last.")
EXPORT_ARCHIVE = _get("/users/me/export/archive", AudioBytes, "Its bytes, a ZIP.")
DELETE_ME = _post(
    "/users/me/delete",
    people.DeleteAccount,
    people.AccountDeleted,
    "Delete your account and all that is yours, for good.",
)
SET_AVATAR = Operation(
    method="PUT",
    path=f"{API_PREFIX}/users/me/avatar",
    tag="users",
    body=Nothing,
    query=Nothing,
    reply=people.Me,
    streamed=True,
    text="Your picture: the body is a JPEG, PNG, WebP or GIF of at most 8 MiB. It is cut to a square and written anew, so"
    " that nothing which stood in the file (such as where it was taken) is shown.",
)
REMOVE_AVATAR = _row("DELETE", "/users/me/avatar", Nothing, Nothing, people.Me, "Your picture goes.", "")
USER = _get("/users/{name}", rest.Producer, "A public profile, by id or username.")
FOLLOWERS = _list("/users/{name}/followers", ManyPaging, rest.People, "Who follows them, newest first.")
FOLLOWING = _list("/users/{name}/following", ManyPaging, rest.People, "Whom they follow, newest first.")
FOLLOW = _post(
    "/social/follow", rest.FollowRequest, rest.Followed, "Follow somebody, by id or username. Following twice is following once."
)  # fmt: skip
UNFOLLOW = _post("/social/unfollow", rest.FollowRequest, rest.Followed, "Follow somebody no longer.")
BLOCK = _post(
    "/social/block", rest.FollowRequest, rest.Blocked,
    "Block somebody: neither of you follows, sees or hears of the other any more.",
)  # fmt: skip
UNBLOCK = _post("/social/unblock", rest.FollowRequest, rest.Blocked, "Block somebody no longer.")
REMOVE_FOLLOWER = _post(
    "/social/remove-follower",
    rest.FollowRequest,
    rest.Followed,
    "Somebody follows you no longer; they are not told by whom it was.",
)
MUTE = _post(
    "/social/mute",
    rest.FollowRequest,
    rest.Muted,
    "See and hear nothing of somebody any more. They do not learn of it.",
)
UNMUTE = _post("/social/unmute", rest.FollowRequest, rest.Muted, "See somebody again.")
FOLLOW_REQUESTS = _list(
    "/users/me/follow-requests", ManyPaging, rest.People, "Who asks to follow you, newest first."
)
ACCEPT_REQUEST = _post(
    "/users/me/follow-requests/{name}/accept", Nothing, rest.Followed, "Let somebody follow you who asked."
)
DECLINE_REQUEST = _post(
    "/users/me/follow-requests/{name}/decline",
    Nothing,
    rest.Followed,
    "Do not let somebody follow you. They are not told.",
)
BLOCKED_PEOPLE = _list("/users/me/blocked", ManyPaging, rest.People, "Whom you block, newest first.")
MUTED_PEOPLE = _list("/users/me/muted", ManyPaging, rest.People, "Whom you mute, newest first.")
LIKE = _post("/social/like", rest.LikeRequest, rest.AudioPost, "Like a post. Liking twice is one like.")
UNLIKE = _post("/social/unlike", rest.LikeRequest, rest.AudioPost, "Take a like back.")
REACT = _post(
    "/social/react", rest.ReactRequest, rest.Reacted,
    "React to a post with an emoji, with a type and data of your own; at most three different ones of yours stand at a post.",
)  # fmt: skip
UNREACT = _post("/social/unreact", rest.ReactRequest, rest.AudioPost, "Take a reaction back, by its emoji.")
SAVE = _post(
    "/social/save", rest.PostNamed, rest.AudioPost, "Keep a post where you find it again; nobody else knows."
)
UNSAVE = _post("/social/unsave", rest.PostNamed, rest.AudioPost, "Keep it no longer.")
SAVED = _list(
    "/users/me/saved", Paging, rest.FeedPage, "What you have saved and may still see, last saved first."
)
REPOST = _post(
    "/social/repost",
    rest.RepostRequest,
    rest.Reposted,
    "Show a public post to those who follow you, with a word of yours.",
)
UNREPOST = _post("/social/unrepost", rest.PostNamed, rest.AudioPost, "Show it no longer.")
LIKES = _list("/audio/{post_id}/likes", ManyPaging, rest.ReactionPage, "Who likes a post, newest first.")
POST_REACTIONS = _list(
    "/audio/{post_id}/reactions", ReactionPaging, rest.ReactionPage, "Who reacted to a post, newest first."
)
REPOSTS = _list(
    "/audio/{post_id}/reposts", ManyPaging, rest.RepostPage, "Who shows a post to others, newest first."
)
PLAY = _post(
    "/audio/{post_id}/play",
    Nothing,
    rest.Played,
    "You hear it now. Each account, or address, counts once a day; authors do not count, nor does who opted out or sends"
    " `Sec-GPC: 1`: then nothing is written.",
)
STOPPED = _post(
    "/audio/{post_id}/stopped",
    rest.Stopped,
    rest.StopTold,
    "You stopped hearing it there, after you told that you hear it. Its author sees where people stop, once enough of them did.",
)
REMOVE_REACTION = _row(
    "DELETE", "/social/react/{reaction_id}", Nothing, Nothing, rest.AudioPost, "Take a reaction of yours back, by its id.", ""
)  # fmt: skip

# comments -----------------------------------------------------------------------------------------------------

LIST_COMMENTS = _list(
    "/audio/{post_id}/comments",
    Paging,
    comments.CommentPage,
    "What people say to a post, newest first; each with the first answers to it.",
)
WRITE_COMMENT = Operation(
    method="POST",
    path=f"{API_PREFIX}/audio/{{post_id}}/comments",
    tag="audio",
    body=comments.NewComment,
    query=Nothing,
    reply=comments.Comment,
    status=201,
    text="Say something to a post that you may see, or answer a comment. The same again within a minute is said once.",
)
GET_COMMENT = _get("/comments/{comment_id}", comments.Comment, "One comment.")
LIST_REPLIES = _list(
    "/comments/{comment_id}/replies",
    Paging,
    comments.CommentPage,
    "All answers in the thread that a comment begins, oldest first.",
)
EDIT_COMMENT = _row(
    "PATCH",
    "/comments/{comment_id}",
    comments.CommentEdit,
    Nothing,
    comments.Comment,
    "Other words for a comment of yours. It says that it was edited.",
    "",
)
DELETE_COMMENT = _row(
    "DELETE",
    "/comments/{comment_id}",
    Nothing,
    Nothing,
    comments.CommentDeleted,
    "Delete a comment of yours, or one on a post of yours. Where it has answers its place stays, and nothing else.",
    "",
)

# notifications ------------------------------------------------------------------------------------------------

NOTIFICATIONS = _list(
    "/notifications",
    Paging,
    notifications.NotificationPage,
    "What others did that concerns you, told of together where it is of one kind; what was taken back is not.",
)
NOTIFICATION_COUNTS = _get(
    "/notifications/counts", notifications.NotificationCounts, "How many you have not read, and not seen."
)
NOTIFICATIONS_SEEN = _post(
    "/notifications/seen", Nothing, notifications.NotificationCounts, "You have seen the list, as it is."
)
NOTIFICATIONS_READ = _post(
    "/notifications/read",
    notifications.NotificationsRead,
    notifications.NotificationCounts,
    "You have read these, or all of them.",
)
NOTIFICATION_PREFERENCES = _get(
    "/notifications/preferences", notifications.NotificationPreferences, "Of what you are told."
)
PREFER_NOTIFICATIONS = _row(
    "PUT",
    "/notifications/preferences",
    notifications.PreferencesEdit,
    Nothing,
    notifications.NotificationPreferences,
    "Choose of what you are told from now on.",
    "",
)

# moderation ---------------------------------------------------------------------------------------------------

REPORT = _post(
    "/reports",
    moderation.NewReport,
    moderation.Report,
    "Tell the moderators of a post, a comment or an account. Once for each.",
)
APPEAL = _post(
    "/appeals",
    moderation.NewAppeal,
    moderation.Appeal,
    "Say what speaks against a decision on yours. Once for each.",
)
MODERATION_QUEUE = _get(
    "/moderation/queue", moderation.Queue, "What was reported and is not decided; appeals without an answer."
)
INSPECT_POST = _get(
    "/moderation/posts/{post_id}",
    moderation.Inspected,
    "A post that was reported or is hidden, whoever may see it otherwise. That you looked is noted.",
)
INSPECT_SOUND = _get("/moderation/posts/{post_id}/mp3", AudioBytes, "Its sound, likewise.")
DECIDE = _post(
    "/moderation/decide",
    moderation.Decision,
    moderation.Decided,
    "Decide on what was reported, or on anything else. It is noted for good.",
)
ANSWER_APPEAL = _post(
    "/moderation/appeals/{appeal_id}/answer",
    moderation.AppealAnswer,
    moderation.Appeal,
    "Answer an appeal, in words.",
)
AUDIT_LOG = _list("/moderation/log", Paging, moderation.AuditPage, "What moderators did, newest first.")
SET_ROLE = _post(
    "/moderation/roles",
    moderation.RoleRequest,
    moderation.RoleSet,
    "Make somebody a moderator, an admin, or neither.",
)
