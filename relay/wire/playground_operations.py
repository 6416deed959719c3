"""The operations of a music playground's interface; playground.py has its shapes."""

from relay.wire import playground as shapes
from relay.wire.creation_operations import MAX_SCORE_BYTES
from relay.wire.operation import Interface, Nothing

_row = Interface(tag="playground", max_body_bytes=MAX_SCORE_BYTES).row


LOOPS = _row("GET", "/loops", Nothing, shapes.PageQuery, shapes.LoopPage, "Your loops.")
MAKE_LOOP = _row("POST", "/loops", shapes.LoopGiven, Nothing, shapes.Loop, "Make a loop.")
LOOP = _row("GET", "/loops/{creation_id}", Nothing, Nothing, shapes.Loop, "A loop that you may see.")
EDIT_LOOP = _row(
    "PATCH", "/loops/{creation_id}", shapes.LoopPatch, Nothing, shapes.Loop, "Change a loop of yours."
)
DELETE_LOOP = _row(
    "DELETE", "/loops/{creation_id}", Nothing, Nothing, shapes.Succeeded, "Delete a loop of yours."
)
FORK_LOOP = _row(
    "POST", "/loops/{creation_id}/fork", Nothing, Nothing, shapes.Loop, "A copy of a loop, as one of yours."
)
SHARE_LOOP = _row(
    "POST",
    "/loops/{creation_id}/share",
    shapes.ShareRequest,
    Nothing,
    shapes.ShareLink,
    "A link by which anybody sees a loop of yours.",
)
SONGS = _row("GET", "/songs", Nothing, shapes.PageQuery, shapes.SongPage, "Your songs.")
MAKE_SONG = _row("POST", "/songs", shapes.SongGiven, Nothing, shapes.Song, "Make a song.")
SONG = _row("GET", "/songs/{creation_id}", Nothing, Nothing, shapes.Song, "A song that you may see.")
EDIT_SONG = _row(
    "PATCH", "/songs/{creation_id}", shapes.SongPatch, Nothing, shapes.Song, "Change a song of yours."
)
DELETE_SONG = _row(
    "DELETE", "/songs/{creation_id}", Nothing, Nothing, shapes.Succeeded, "Delete a song of yours."
)
SHARE_SONG = _row(
    "POST",
    "/songs/{creation_id}/share",
    shapes.ShareRequest,
    Nothing,
    shapes.ShareLink,
    "A link by which anybody sees a song of yours.",
)
SHARED = _row(
    "GET", "/shared/{token}", Nothing, Nothing, shapes.Shared, "What a link shows. Nobody signs in."
)
VIEW_SHARED = _row(
    "POST",
    "/shared/{token}/view",
    Nothing,
    Nothing,
    shapes.Viewed,
    "Somebody looks at it now: it is counted.",
)
PUBLIC_PROFILE = _row(
    "GET",
    "/users/{username}",
    Nothing,
    Nothing,
    shapes.PublicProfile,
    "Somebody, and what is public of theirs.",
)
EDIT_USER = _row("PATCH", "/users/me", shapes.UserPatch, Nothing, shapes.User, "Change how you are shown.")
