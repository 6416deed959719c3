"""/api/machines: the machines that patterns are set up on, made of the table that the kit and the page read."""

from audio.score.events import Note
from audio.score.machines import EIGHTH, STYLES, Program, Style
from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.refusal import Refusal
from relay.wire import beat_operations as wire
from relay.wire import beats as shapes
from relay.wire.beats import Success
from relay.wire.operation import Nothing

FIRST_VOLUME = 0.8
"""Of a machine that nobody has set up yet, as in the studio."""
Bare = Call[Nothing, Nothing]


def rows() -> list[AnyRow]:
    listed = Success(
        data=shapes.Machines(machines=[_summary(style, facts) for style, facts in STYLES.items()])
    )
    whole = {style: Success(data=_details(style, facts)) for style, facts in STYLES.items()}

    async def machines(_: Bare) -> Success[shapes.Machines]:
        return listed

    async def one(call: Bare) -> Success[shapes.MachineDetails]:
        found = whole.get(call.path["machine_id"].casefold())
        if found is None:
            raise Refusal("not_found", "There is no such machine.")
        return found

    return [
        Row(wire.MACHINES, Action.SITE_READ, machines),
        Row(wire.ONE_MACHINE, Action.SITE_READ, one),
    ]


def _summary(style: str, facts: Style) -> shapes.MachineSummary:
    return shapes.MachineSummary(
        id=style,
        title=facts.label,
        flavor=facts.label,
        description=f"{len(facts.instruments)} instruments, first at {facts.bpm} BPM",
    )


def _details(style: str, facts: Style) -> shapes.MachineDetails:
    short = _summary(style, facts)
    return shapes.MachineDetails(
        **{name: getattr(short, name) for name in shapes.MachineSummary.__struct_fields__},
        bpm=facts.bpm,
        key_note=0,
        instruments=[
            shapes.MachineInstrument(
                id=instrument,
                title=instrument.capitalize(),
                enabled=True,
                active_program=0,
                volume=FIRST_VOLUME,
                programs=[_program(id_, program) for id_, program in programs.items()],
            )
            for instrument, programs in facts.instruments.items()
        ],
    )


def _program(id_: str, program: Program) -> shapes.MachineProgram:
    lowest = min((note.number for note in program.notes), default=0)
    return shapes.MachineProgram(
        id=id_,
        title=program.label,
        length=program.length // EIGHTH,
        notes=[_note(note, lowest) for note in program.notes],
    )


def _note(note: Note, lowest: int) -> shapes.ProgramNote:
    return shapes.ProgramNote(
        index=note.start // EIGHTH,
        length=note.length // EIGHTH,
        pitch=note.number - lowest,
        sound=note.sound,
        velocity=note.velocity,
    )
