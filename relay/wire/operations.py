"""Devices, uploads, posts, jobs, feeds and health as rows of the REST interface: method, path, request, reply.

Other abilities have files of their own beside this, of the same form. Both ends read the same rows.

The relay builds its routes, its limits, its OpenAPI document and its authorisation test from them (each feature joins a
row to its action, limit and handler), the daemon's client its calls. A path's parameters stand in braces. `query` names
all query parameters there are: any other is refused.
"""

from relay.wire import health, identity, rest
from relay.wire.jobs import Job, JobPage
from relay.wire.operation import AudioBytes as AudioBytes
from relay.wire.operation import FeedQuery as FeedQuery
from relay.wire.operation import ManyPaging as ManyPaging
from relay.wire.operation import Nothing as Nothing
from relay.wire.operation import Operation as Operation
from relay.wire.operation import Paging as Paging
from relay.wire.operation import ReactionPaging as ReactionPaging
from relay.wire.operation import UploadForm as UploadForm
from relay.wire.operation import VersionQuery as VersionQuery
from relay.wire.operation import get_row as _get
from relay.wire.operation import list_row as _list
from relay.wire.operation import post_row as _post
from relay.wire.operation import row_of as _row
from relay.wire.owning import PostDetails, PostEdit, SoundVersions
from relay.wire.rest import API_PREFIX
from relay.wire.search import Explored, Found, FoundComments, FoundPeople, FoundPosts, SearchQuery
from relay.wire.tus import UPLOADS_PATH

# devices and tokens -------------------------------------------------------------------------------------------

REGISTER_DEVICE = _post(
    "/auth/device", identity.DeviceRegister, identity.Device,
    "Register a device by its public key, or get a fresh challenge for a registered one.",
)  # fmt: skip
CLAIM_DEVICE = _post(
    "/auth/claim", identity.DeviceClaim, identity.TokenPair, "Join a device to the account of the browser that asks, which is signed in; the device has signed a challenge for it."
)  # fmt: skip
UNCLAIM_DEVICE = _post(
    "/auth/unclaim", Nothing, identity.DeviceRevoked,
    "The device that asks belongs to nobody from now on. A browser has no device: revoke one by its id.",
)  # fmt: skip
SAY_FAREWELL = _post(
    "/auth/farewell", identity.DeviceFarewell, identity.DeviceRevoked,
    "A device that could not be reached here when it was given up; its signature is all it still has.",
)  # fmt: skip
LIST_DEVICES = _get("/auth/devices", identity.ClaimedDevices, "Your devices.")
REVOKE_DEVICE = _post(
    "/auth/devices/{device_id}/revoke", Nothing, identity.DeviceRevoked,
    "Take one of your devices away: its tokens end at once, its connections within seconds.",
)  # fmt: skip
VERIFY_TOKEN = _post(
    "/auth/verify", identity.TokenVerify, identity.TokenFacts, "What a valid access token says; 401 for any other."
)  # fmt: skip
REFRESH_TOKEN = _post(
    "/auth/refresh", identity.TokenRefresh, identity.TokenPair,
    "Exchange a refresh token for a new pair. An old one used again ends the sign-in.",
)  # fmt: skip
MAKE_TICKET = _post(
    "/auth/ws-ticket", Nothing, identity.SocketTicket, "A single-use ticket that opens the WebSocket from a browser."
)  # fmt: skip
LIST_SESSIONS = _get("/auth/sessions", identity.Sessions, "Where you are signed in: browsers and devices.")
END_SESSIONS = _post(
    "/auth/sessions/end", Nothing, identity.SessionsEnded,
    "Sign out everywhere but here: all other browsers and devices, their tokens and connections.",
)  # fmt: skip

# uploads (tus) ------------------------------------------------------------------------------------------------

UPLOAD_RULES, UPLOAD_RULES_OF_ONE = (
    Operation(
        method="OPTIONS", path=path, tag="uploads", body=Nothing, query=Nothing, reply=Nothing, status=204,
        text="What of tus is spoken here.",
    )
    for path in (f"{UPLOADS_PATH}/", f"{UPLOADS_PATH}/{{upload_id}}")
)  # fmt: skip
BEGIN_UPLOAD = Operation(
    method="POST", path=f"{UPLOADS_PATH}/", tag="uploads", body=Nothing, query=Nothing, reply=Nothing, status=201,
    keyed=True, streamed=True,
    text="Begin an upload; the body may be its first part. With the same key again: the same upload, where it stands.",
)  # fmt: skip
UPLOAD_STATUS = Operation(
    method="HEAD", path=f"{UPLOADS_PATH}/{{upload_id}}", tag="uploads", body=Nothing, query=Nothing, reply=Nothing,
    text="How far it is. A request that was still sending is ended by this one.",
)  # fmt: skip
CONTINUE_UPLOAD = Operation(
    method="PATCH", path=f"{UPLOADS_PATH}/{{upload_id}}", tag="uploads", body=Nothing, query=Nothing, reply=Nothing,
    status=204, streamed=True,
    text="Send the next part, from the offset on. A request that was still sending is ended by this one.",
)  # fmt: skip
END_UPLOAD = Operation(
    method="DELETE", path=f"{UPLOADS_PATH}/{{upload_id}}", tag="uploads", body=Nothing, query=Nothing, reply=Nothing,
    status=204, text="Give an upload up.",
)  # fmt: skip

# posts --------------------------------------------------------------------------------------------------------

UPLOAD_AUDIO = Operation(
    method="POST",
    path=f"{API_PREFIX}/audio/upload",
    tag="audio",
    body=UploadForm,
    query=Nothing,
    reply=rest.UploadedPost,
    status=201,
    keyed=True,
    streamed=True,
    text="Publish a take: `curl -F audio=@loop.wav -F title=Dusk -F bpm=92 -F genre=dub`. multipart/form-data with the part `audio`, and"
    " `meta` (UploadMeta as JSON) or plain fields. 200: the same Idempotency-Key has made this post before; without a key each"
    " upload is a post of its own.",
)
PROCESS_AUDIO = Operation(
    method="POST", path=f"{API_PREFIX}/audio/process", tag="audio", body=rest.AudioProcess, query=Nothing,
    reply=rest.UploadedPost, status=201, keyed=True,
    text="Publish a take whose bytes have arrived by tus, at /uploads. 200: the same key has made this post before.",
)  # fmt: skip
GET_POST = _get("/audio/{post_id}", PostDetails, "One post, and under which terms it is there.")
EDIT_POST = _row(
    "PATCH",
    "/audio/{post_id}",
    PostEdit,
    Nothing,
    PostDetails,
    "Another title, other tags, visibility, licence, what it was made from; given out lossless, pinned, archived: for a post of yours. Whoever no longer may"
    " see it is told to forget it.",
    "",
)
DELETE_POST = _row(
    "DELETE", "/audio/{post_id}", Nothing, Nothing, rest.PostDeleted,
    "Delete a post of yours: its sound goes at once, its address says that it is gone.", "",
)  # fmt: skip
GET_WAVEFORM = _list(
    "/audio/{post_id}/waveform",
    VersionQuery,
    AudioBytes,
    "The post's picture as SVG, drawn from stored numbers.",
)
GET_IMAGE = _get(
    "/audio/{post_id}/image",
    AudioBytes,
    "A picture of title, name and waveform for links to the post, 1200 x 630, as PNG.",
)
GET_PEAKS = _list("/audio/{post_id}/peaks", VersionQuery, rest.Peaks, "The post's waveform as numbers.")
GET_STATUS = _get(
    "/audio/{post_id}/status",
    rest.PostStatus,
    "How far the post is. What is still being made is a job: /jobs.",
)
GET_MP3 = _list(
    "/audio/{post_id}/mp3",
    VersionQuery,
    AudioBytes,
    "The levelled MP3, whole or in ranges. It decodes to the frames its Info frame names, without gaps.",
)
GET_DOWNLOAD = _get(
    "/audio/{post_id}/download",
    AudioBytes,
    "The sound without loss, as a file of its title, where the author gives it to whoever sees the post.",
)
REMIXES = _list(
    "/audio/{post_id}/remixes",
    Paging,
    rest.FeedPage,
    "All that was made from a post and may be found, newest first.",
)
LIST_ARCHIVED = _list("/users/me/archived", Paging, rest.FeedPage, "Posts that you have archived.")
LIST_PINNED = _get("/users/{name}/pinned", rest.FeedPage, "What somebody has pinned, the newest pin first.")
GET_FLAC = _list(
    "/audio/{post_id}/flac", VersionQuery, AudioBytes, "The take as it was played, for its author."
)
REPLACE_SOUND = Operation(
    method="POST",
    path=f"{API_PREFIX}/audio/{{post_id}}/versions",
    tag="audio",
    body=rest.AudioProcess,
    query=Nothing,
    reply=rest.UploadedPost,
    status=201,
    keyed=True,
    text="Another sound for a post of yours, whose bytes have arrived by tus, at /uploads. Likes, comments and what it is called stay;"
    " title, genre and visibility of `meta` do not matter. 200: the same key has done it before.",
)
REPLACE_UPLOAD = Operation(
    method="POST",
    path=f"{API_PREFIX}/audio/{{post_id}}/upload",
    tag="audio",
    body=UploadForm,
    query=Nothing,
    reply=rest.UploadedPost,
    status=201,
    keyed=True,
    streamed=True,
    text="The same in one request: `curl -F audio=@better.wav -F bpm=92`.",
)
PROCESS_AGAIN = _post(
    "/audio/{post_id}/process",
    Nothing,
    rest.UploadedPost,
    "Make the MP3, the picture and the figures of a post of yours anew, of its lossless sound. Where they come out as they were, nothing"
    " changes.",
)
LIST_VERSIONS = _get("/audio/{post_id}/versions", SoundVersions, "The sounds that a post of yours has had.")
FORGET_VERSION = _row(
    "DELETE",
    "/audio/{post_id}/versions/{n}",
    Nothing,
    Nothing,
    SoundVersions,
    "A sound that was replaced goes for good; the others that there are.",
    "",
)

# jobs ---------------------------------------------------------------------------------------------------------

LIST_JOBS = _list(
    "/jobs", Paging, JobPage, "What is being made for you, and what became of it, newest first."
)
GET_JOB = _get("/jobs/{job_id}", Job, "One of your jobs: its state, and how far it is.")
CANCEL_JOB = _post(
    "/jobs/{job_id}/cancel", Nothing, Job,
    "You do not want it any more. One that has ended stays as it ended, so cancelling twice is cancelling once.",
)  # fmt: skip

# feeds --------------------------------------------------------------------------------------------------------

GLOBAL_FEED = _list(
    "/feed/global",
    FeedQuery,
    rest.FeedPage,
    "Everybody's posts: what people care about, younger before older, and a share of every page for what few know yet.",
)
LATEST_FEED = _list("/feed/latest", FeedQuery, rest.FeedPage, "Everybody's posts, newest first.")
TRENDING_FEED = _list(
    "/feed/trending", FeedQuery, rest.FeedPage, "Posts that people have begun to care about, most now."
)
TAG_FEED = _list("/feed/tag/{tag}", FeedQuery, rest.FeedPage, "Posts with a tag, newest first.")
TIMELINE = _list(
    "/feed/timeline",
    Paging,
    rest.FeedPage,
    "Posts of those you follow, and yours; and what they and you show of others, once each, with who does and their word.",
)
USER_FEED = _list("/feed/user/{name}", Paging, rest.FeedPage, "Posts of one person, by id or username.")
EXPLORE = _get("/explore", Explored, "Whom to follow, and which tags to look at.")
SEARCH = _list(
    "/search",
    SearchQuery,
    Found,
    "Posts, people, tags and comments that have the words, the best of each first.",
)
SEARCH_POSTS = _list("/search/posts", SearchQuery, FoundPosts, "Posts that have the words, the best first.")
SEARCH_COMMENTS = _list(
    "/search/comments", SearchQuery, FoundComments, "Comments that have the words, the best first."
)
SEARCH_PEOPLE = _list("/search/people", SearchQuery, FoundPeople, "People whose names have the words.")
INBOX = _list(
    "/inbox", Paging, rest.InboxPage, "What others did that concerns you: new followers and reactions."
)

# health -------------------------------------------------------------------------------------------------------

LIVE = Operation(
    method="GET", path="/health/live", tag="health", body=Nothing, query=Nothing, reply=health.Health, text="The process answers."
)  # fmt: skip
HEALTH = Operation(
    method="GET", path="/health", tag="health", body=Nothing, query=Nothing, reply=health.Heartbeat,
    text="Whether the relay can serve, in one word. 503 when it cannot.",
)  # fmt: skip
READY = Operation(
    method="GET", path="/health/ready", tag="health", body=Nothing, query=Nothing, reply=health.Ready,
    text="What the relay stands on answers too: database, objects, disk, queues, background tasks. 503 when one does not.",
)  # fmt: skip
