"""/api/instruments and /api/sound-libraries."""

from collections.abc import Callable

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.instruments.service import Instruments
from relay.wire import instrument_operations as wire
from relay.wire import instruments as shapes
from relay.wire.beats import Success
from relay.wire.operation import Nothing
from relay.wire.rest import Confirmation

Bare = Call[Nothing, Nothing]


def rows(instruments: Instruments, expect_sound: Callable[[], None]) -> list[AnyRow]:
    """expect_sound: whoever asks for the list wants to hear one next."""

    async def listed(_: Bare) -> Success[shapes.InstrumentList]:
        expect_sound()
        return Success(data=await instruments.listed())

    async def one(call: Bare) -> Success[shapes.Instrument]:
        return Success(data=await instruments.one(call.path["instrument_id"]))

    async def make(call: Call[shapes.InstrumentGiven, Nothing]) -> Success[shapes.Instrument]:
        return Success(data=await instruments.make(call.actor, call.body))

    async def change(call: Call[shapes.InstrumentEdit, Nothing]) -> Success[shapes.Instrument]:
        return Success(data=await instruments.change(call.actor, call.path["instrument_id"], call.body))

    async def delete(call: Bare) -> Success[Confirmation]:
        await instruments.delete(call.path["instrument_id"])
        return Success(data=Confirmation(message="Instrument deleted successfully"))

    return [
        Row(wire.INSTRUMENTS, Action.SITE_READ, listed),
        Row(wire.ONE_INSTRUMENT, Action.SITE_READ, one),
        Row(wire.MAKE_INSTRUMENT, Action.INSTRUMENT_EDIT, make),
        Row(wire.EDIT_INSTRUMENT, Action.INSTRUMENT_EDIT, change),
        Row(wire.DELETE_INSTRUMENT, Action.INSTRUMENT_EDIT, delete),
        *_library_rows(instruments),
    ]


def _library_rows(instruments: Instruments) -> list[AnyRow]:
    async def listed(_: Bare) -> Success[shapes.LibraryList]:
        return Success(data=await instruments.libraries())

    async def one(call: Bare) -> Success[shapes.Library]:
        return Success(data=await instruments.library(call.path["library_id"]))

    async def make(call: Call[shapes.LibraryGiven, Nothing]) -> Success[shapes.Library]:
        return Success(data=await instruments.make_library(call.body))

    async def change(call: Call[shapes.LibraryEdit, Nothing]) -> Success[shapes.Library]:
        return Success(data=await instruments.change_library(call.path["library_id"], call.body))

    async def delete(call: Bare) -> Success[Confirmation]:
        await instruments.delete_library(call.path["library_id"])
        return Success(data=Confirmation(message="Sound library deleted successfully"))

    return [
        Row(wire.LIBRARIES, Action.SITE_READ, listed),
        Row(wire.ONE_LIBRARY, Action.SITE_READ, one),
        Row(wire.MAKE_LIBRARY, Action.INSTRUMENT_EDIT, make),
        Row(wire.EDIT_LIBRARY, Action.INSTRUMENT_EDIT, change),
        Row(wire.DELETE_LIBRARY, Action.INSTRUMENT_EDIT, delete),
    ]
