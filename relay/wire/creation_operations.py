"""The operations of the studio: creations that are written down. What people do with any creation (like, comment, repost, pin …)
is in operations.py, under its id.
"""

from relay.wire.creations import (
    Creation,
    CreationEdit,
    CreationPage,
    ImportedCreation,
    ImportQuery,
    NewCreation,
    NewlyShared,
    NewShareLink,
    OfKind,
    OwnLinks,
    ScoresCompared,
    ScoreVersions,
    SharedByLinks,
    Versions,
    VersionScore,
)
from relay.wire.jobs import Job
from relay.wire.operation import AudioBytes, Nothing, Operation, Paging, get_row, list_row, post_row, row_of
from relay.wire.rest import API_PREFIX, PostDeleted

MAX_SCORE_BYTES = 256 * 1024
MAX_IMPORT_BYTES = 1_000_000
MIDI_TYPES = ("audio/midi", "audio/x-midi", "audio/mid")

MAKE_CREATION = Operation(
    method="POST",
    path=f"{API_PREFIX}/creations",
    tag="creations",
    body=NewCreation,
    query=Nothing,
    reply=Creation,
    status=201,
    keyed=True,
    max_body_bytes=MAX_SCORE_BYTES,
    text="Make a loop, a song, a pattern or a machine. It is private unless you say otherwise. With the same key again: the same one.",
)
IMPORT_CREATION = Operation(
    method="POST",
    path=f"{API_PREFIX}/creations/import",
    tag="creations",
    body=NewCreation,
    query=ImportQuery,
    reply=ImportedCreation,
    status=201,
    max_body_bytes=MAX_IMPORT_BYTES,
    files=MIDI_TYPES,
    text="Make a loop or a pattern of a Standard MIDI File, each note on the nearest sixteenth with the nearest sound; it is private. As JSON:"
    " as POST /creations.",
)
GET_CREATION = get_row("/creations/{creation_id}", Creation, "One creation and its score.")
SAVE_CREATION = Operation(
    method="PATCH",
    path=f"{API_PREFIX}/creations/{{creation_id}}",
    tag="creations",
    body=CreationEdit,
    query=Nothing,
    reply=Creation,
    max_body_bytes=MAX_SCORE_BYTES,
    text="Save a creation of yours: another score is a new version; other tags, visibility and licence hold from now on.",
)
DELETE_CREATION = Operation(
    method="DELETE",
    path=f"{API_PREFIX}/creations/{{creation_id}}",
    tag="creations",
    body=Nothing,
    query=Nothing,
    reply=PostDeleted,
    text="Delete a creation of yours with all its versions and its sound.",
)
MY_CREATIONS = list_row("/creations", OfKind, CreationPage, "What you have made of one kind, without scores.")
CREATIONS_OF = list_row(
    "/users/{name}/creations",
    OfKind,
    CreationPage,
    "What somebody has made of one kind, as far as you may find it.",
)
FORK_CREATION = Operation(
    method="POST",
    path=f"{API_PREFIX}/creations/{{creation_id}}/fork",
    tag="creations",
    body=Nothing,
    query=Nothing,
    reply=Creation,
    status=201,
    text="A copy of what you may see, as a private creation of yours, which says what it was forked from.",
)
FORK_SHARED = Operation(
    method="POST",
    path=f"{API_PREFIX}/shared/{{token}}/fork",
    tag="creations",
    body=Nothing,
    query=Nothing,
    reply=Creation,
    status=201,
    text="Likewise, of what a link shows; of a song with the loops that it needs.",
)
FORKS = list_row(
    "/creations/{creation_id}/forks",
    Paging,
    CreationPage,
    "What others made of it and you may find, newest first.",
)
SCORE_VERSIONS = get_row(
    "/creations/{creation_id}/versions", ScoreVersions, "The states that a creation of yours was saved in."
)
SCORE_VERSION = get_row("/creations/{creation_id}/versions/{n}", VersionScore, "One of them, whole.")
RESTORE_SCORE = post_row(
    "/creations/{creation_id}/versions/{n}/restore",
    Nothing,
    Creation,
    "It becomes the newest, as a new version.",
)
COMPARE_SCORES = list_row(
    "/creations/{creation_id}/compare", Versions, ScoresCompared, "In which places two versions differ."
)
RENDER_CREATION = post_row(
    "/creations/{creation_id}/render",
    Nothing,
    Job,
    "Make the sound of a creation of yours as it is now: a job. Once it is done, /audio/{post_id}/mp3 and all that a post's sound has are"
    " there. Asked again while it is under way, it is the same job.",
)
CREATION_MIDI = get_row("/creations/{creation_id}/midi", AudioBytes, "Its notes as a Standard MIDI File.")
CREATION_SCORE = get_row(
    "/creations/{creation_id}/score", AudioBytes, "Its score as a file of JSON, as POST /creations takes it."
)
MAKE_LINK = Operation(
    method="POST",
    path=f"{API_PREFIX}/creations/{{creation_id}}/links",
    tag="creations",
    body=NewShareLink,
    query=Nothing,
    reply=NewlyShared,
    status=201,
    text="A link by which anybody sees a creation of yours, for as long as you say. It is told this once.",
)
LINKS = get_row(
    "/creations/{creation_id}/links",
    SharedByLinks,
    "The links to a creation of yours, without what they are.",
)
OWN_LINKS = get_row(
    "/users/me/links", OwnLinks, "The links to all that is yours, with what they show; the newest 200."
)
END_LINK = row_of(
    "DELETE",
    "/creations/{creation_id}/links/{link_id}",
    Nothing,
    Nothing,
    SharedByLinks,
    "It shows nothing any more; those that are left.",
    "",
)
