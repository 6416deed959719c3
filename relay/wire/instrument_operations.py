"""The operations of instruments and sound libraries; instruments.py has their shapes."""

from relay.wire import instruments as shapes
from relay.wire.beats import Success
from relay.wire.operation import Interface, Nothing
from relay.wire.rest import Confirmation

INSTRUMENT, LIBRARY = "INSTRUMENT_NOT_FOUND", "LIBRARY_NOT_FOUND"
_row = Interface(tag="beats", missing=INSTRUMENT).row
_library_row = Interface(tag="beats", missing=LIBRARY).row
_ONE, _LIBRARY = "/instruments/{instrument_id}", "/sound-libraries/{library_id}"

INSTRUMENTS = _row(
    "GET",
    "/instruments",
    Nothing,
    Nothing,
    Success[shapes.InstrumentList],
    "What patterns and loops can be played with.",
)
ONE_INSTRUMENT = _row("GET", _ONE, Nothing, Nothing, Success[shapes.Instrument], "One instrument.")
MAKE_INSTRUMENT = _row(
    "POST",
    "/instruments",
    shapes.InstrumentGiven,
    Nothing,
    Success[shapes.Instrument],
    "Make an instrument of a sample. For admins.",
    status=201,
)
EDIT_INSTRUMENT = _row(
    "PUT",
    _ONE,
    shapes.InstrumentEdit,
    Nothing,
    Success[shapes.Instrument],
    "Another title or sample for an instrument of the relay. For admins.",
)
DELETE_INSTRUMENT = _row(
    "DELETE",
    _ONE,
    Nothing,
    Nothing,
    Success[Confirmation],
    "Delete an instrument of the relay: what names it stays, and plays without it. For admins.",
)
LIBRARIES = _library_row(
    "GET", "/sound-libraries", Nothing, Nothing, Success[shapes.LibraryList], "Groups of instruments."
)
ONE_LIBRARY = _library_row(
    "GET", _LIBRARY, Nothing, Nothing, Success[shapes.Library], "A group, with its instruments."
)
MAKE_LIBRARY = _library_row(
    "POST",
    "/sound-libraries",
    shapes.LibraryGiven,
    Nothing,
    Success[shapes.Library],
    "Make a group of instruments. For admins.",
    status=201,
)
EDIT_LIBRARY = _library_row(
    "PUT", _LIBRARY, shapes.LibraryEdit, Nothing, Success[shapes.Library], "Change a group. For admins."
)
DELETE_LIBRARY = _library_row(
    "DELETE",
    _LIBRARY,
    Nothing,
    Nothing,
    Success[Confirmation],
    "Delete a group, not its instruments. For admins.",
)
