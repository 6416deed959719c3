"""The operations of a beat machine's interface; beats.py has its shapes."""

from relay.wire import beats as shapes
from relay.wire.beats import Success
from relay.wire.creation_operations import MAX_IMPORT_BYTES, MAX_SCORE_BYTES, MIDI_TYPES
from relay.wire.creations import Versions
from relay.wire.operation import AudioBytes, Interface, Nothing
from relay.wire.rest import Confirmation

PATTERN, COMMENT, MACHINE = "PATTERN_NOT_FOUND", "COMMENT_NOT_FOUND", "MACHINE_NOT_FOUND"
_row = Interface(tag="beats", missing=PATTERN, max_body_bytes=MAX_SCORE_BYTES).row


_ONE = "/patterns/{creation_id}"
PATTERNS = _row(
    "GET", "/patterns", Nothing, shapes.PatternsQuery, Success[shapes.PatternPage], "Everybody's patterns."
)
MY_PATTERNS = _row(
    "GET", "/patterns/me", Nothing, shapes.MineQuery, Success[shapes.PatternPage], "Your patterns."
)
MAKE_PATTERN = _row(
    "POST",
    "/patterns",
    shapes.PatternGiven,
    Nothing,
    Success[shapes.Pattern],
    "Make a pattern.",
    status=201,
)
IMPORT_PATTERN = _row(
    "POST",
    "/patterns/import",
    shapes.PatternGiven,
    shapes.ImportQuery,
    Success[shapes.Pattern],
    "Make a pattern of a file: JSON as an export gives it, or a Standard MIDI File. The latter is private, and what of it does not fit"
    " stands in its description.",
    status=201,
    max_body_bytes=MAX_IMPORT_BYTES,
    files=MIDI_TYPES,
)
ONE_PATTERN = _row("GET", _ONE, Nothing, Nothing, Success[shapes.Pattern], "A pattern that you may see.")
EDIT_PATTERN = _row(
    "PUT",
    _ONE,
    shapes.PatternEdit,
    Nothing,
    Success[shapes.Pattern],
    "Change a pattern of yours: another content is a new version.",
)
DELETE_PATTERN = _row("DELETE", _ONE, Nothing, Nothing, Success[Confirmation], "Delete a pattern of yours.")
EXPORT_PATTERN = _row(
    "GET", f"{_ONE}/export", Nothing, shapes.ExportQuery, AudioBytes, "A pattern as a file: JSON, or MIDI."
)
LIKE_PATTERN = _row("POST", f"{_ONE}/like", Nothing, Nothing, Success[shapes.Liked], "Like a pattern.")
UNLIKE_PATTERN = _row("DELETE", f"{_ONE}/like", Nothing, Nothing, Success[shapes.Liked], "Like it no longer.")
PLAY_PATTERN = _row(
    "POST",
    f"{_ONE}/play",
    Nothing,
    Nothing,
    Success[shapes.PlayCounted],
    "Somebody hears it now: it is counted.",
)
FORK_PATTERN = _row(
    "POST",
    f"{_ONE}/fork",
    Nothing,
    Nothing,
    Success[shapes.Pattern],
    "A copy of a pattern that you may see, as a private one of yours.",
    status=201,
)
SHARE_PATTERN = _row(
    "POST",
    f"{_ONE}/share",
    shapes.PatternShareRequest,
    Nothing,
    Success[shapes.PatternShare],
    "A link by which anybody sees a pattern of yours.",
)
PATTERN_VERSIONS = _row(
    "GET",
    f"{_ONE}/versions",
    Nothing,
    Nothing,
    Success[shapes.SavedVersions],
    "The states that it was saved in.",
)
PATTERN_VERSION = _row(
    "GET", f"{_ONE}/versions/{{n}}", Nothing, Nothing, Success[shapes.PatternVersion], "One of them."
)
RESTORE_PATTERN = _row(
    "POST",
    f"{_ONE}/versions/{{n}}/restore",
    Nothing,
    Nothing,
    Success[shapes.Pattern],
    "It becomes the newest, as a new version.",
)
COMPARE_PATTERN = _row(
    "GET",
    f"{_ONE}/compare",
    Nothing,
    Versions,
    Success[shapes.PatternsCompared],
    "In which places two versions differ.",
)
PATTERN_COMMENTS = _row(
    "GET",
    f"{_ONE}/comments",
    Nothing,
    shapes.NumberedQuery,
    Success[shapes.BeatCommentPage],
    "What people say to a pattern.",
)
COMMENT_PATTERN = _row(
    "POST",
    f"{_ONE}/comments",
    shapes.BeatCommentGiven,
    Nothing,
    Success[shapes.BeatComment],
    "Say something to a pattern that you may see.",
    status=201,
)
EDIT_BEAT_COMMENT = _row(
    "PUT",
    "/comments/{comment_id}",
    shapes.BeatCommentGiven,
    Nothing,
    Success[shapes.BeatComment],
    "Other words for a comment of yours.",
    missing=COMMENT,
)
DELETE_BEAT_COMMENT = _row(
    "DELETE",
    "/comments/{comment_id}",
    Nothing,
    Nothing,
    Success[Confirmation],
    "Delete a comment of yours, or one on a pattern of yours.",
    missing=COMMENT,
)
MACHINES = _row(
    "GET",
    "/machines",
    Nothing,
    Nothing,
    Success[shapes.Machines],
    "The machines that patterns are set up on.",
    missing=MACHINE,
)
ONE_MACHINE = _row(
    "GET",
    "/machines/{machine_id}",
    Nothing,
    Nothing,
    Success[shapes.MachineDetails],
    "A machine: its instruments, and what each can play.",
    missing=MACHINE,
)
