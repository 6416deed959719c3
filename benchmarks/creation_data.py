"""A relay's database with any number of creations of the studio: some written through its own door, the others as copies of these by SQL,
whose ids, owners and times are their own. WRITER has nearly as many of each kind as an account may have, whatever there is beside.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from audio.score.machines import STYLES
from audio.score.sounds import SOUNDS
from relay.app.build import WORDS
from relay.app.listening import EFFECTS
from relay.core.visibility import Visibility
from relay.engine.clock import new_id
from relay.engine.database import Tx, open_database
from relay.engine.database.postgres_connection import parse_address
from relay.features.accounts.api import ensure_account
from relay.features.creations import api as creations
from relay.features.creations.kinds import Kind
from relay.features.feeds.engagement import catch_up as catch_up_ranking
from relay.features.graph.store import begin_follow
from relay.features.search.index import catch_up as index_words
from relay.wire import scores
from tests.support.house import FIGURES

WRITER, SOME_OWNER = "writer", "owner00x"
COPIED, OWNERS = 1_000, 10
"""Creations that are copied, of so many accounts, which are copied with them."""
SOUNDS_USED = list(SOUNDS)[:16]
RARE = 50
"""One creation of so many has a certain word; all of them have `COMMON`."""
COMMON = "loop"
START_US = 1_790_000_000_000_000
OF_WRITER = {Kind.LOOP: 900, Kind.SONG: 90, Kind.PATTERN: 450, Kind.MACHINE: 450}
SAMPLES = 200
CHUNK = 500
Execute = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Ids: of the writer, and of one public creation of theirs of each kind."""

    writer: str
    one: dict[Kind, str]


def fill(url: str, count: int) -> Filled:
    """An empty database gets `count` creations of others, a multiple of COPIED, and the writer's."""
    filled = asyncio.run(_written(url))
    with _bare(url) as execute:
        _copy(execute, count // COPIED)
    return filled


async def _written(url: str) -> Filled:
    db = open_database(url, effects=EFFECTS, on_commit=lambda _, __: None, on_lost=lambda _: None)
    # As a relay does at its start, of which the database is empty: or the one that is measured would do it to all of them.
    await catch_up_ranking(db)
    await index_words(db, WORDS)
    owners, writer = await db.write(_people)
    kinds = [Kind.LOOP] * 6 + [Kind.SONG, Kind.PATTERN, Kind.PATTERN, Kind.MACHINE]
    plan = [(owners[n % OWNERS], kinds[n // OWNERS % len(kinds)]) for n in range(COPIED)]
    plan += [(writer, kind) for kind, count in OF_WRITER.items() for _ in range(count)]
    one: dict[Kind, str] = {}
    for first in range(0, len(plan), CHUNK):
        made = await db.write(lambda tx: _publish(tx, plan, first, one))  # noqa: B023 (awaited)
        one.update(made)
    await db.write(lambda tx: _samples(tx, writer))
    await db.close()
    return Filled(writer=writer, one=one)


def _people(tx: Tx) -> tuple[list[str], str]:
    owners = [ensure_account(tx, f"owner{n:02}x", 0) for n in range(OWNERS)]
    writer = ensure_account(tx, WRITER, 0)
    for owner in owners:
        begin_follow(tx, writer, owner)
    tx.effects.clear()
    return owners, writer


def _publish(tx: Tx, plan: Sequence[tuple[str, Kind]], first: int, one: dict[Kind, str]) -> dict[Kind, str]:
    made: dict[Kind, str] = {}
    for n, (owner_id, kind) in enumerate(plan[first : first + CHUNK], first):
        loop = made.get(Kind.LOOP, one.get(Kind.LOOP, ""))
        new = creations.written(score(kind, n, loop))
        version = creations.version_of(new, START_US + n)
        made[kind] = new_id()
        creations.publish(
            tx,
            creations.NewCreation(
                id=made[kind],
                version_id=version.id,
                owner_id=owner_id,
                kind=kind,
                visibility=Visibility.PUBLIC,
                title=new.name,
                bpm=version.bpm,
                key=version.key,
                tags=["house", f"tag{n % RARE}"],
                daw=None,
                figures=version.figures,
                assets=[],
                at_us=version.at_us,
                score=version.score,
            ),
        )
    tx.effects.clear()  # nobody listens yet
    return made


def score(kind: Kind, n: int, loop: str) -> scores.Score:
    """One such as people make. loop: the id of one, for a song."""
    name = f"{COMMON.capitalize()} {n} rare{n % RARE}"
    match kind:
        case Kind.LOOP:
            steps = [
                scores.Step(step=step, sound=sound, velocity=0.8)
                for row, sound in enumerate(SOUNDS_USED[:4])
                for step in range(row, 128, 4)
            ]
            chords = [scores.Chord(beat=beat, root="A", quality="min") for beat in range(0, 32, 4)]
            return scores.LoopScore(name=name, bars=8, chords=chords, steps=steps[:96])
        case Kind.SONG:
            blocks = [scores.Block(id=f"b{at}", loop=loop, start=8 * at, bars=8) for at in range(16)]
            return scores.SongScore(name=name, bpm=120, blocks=blocks if loop else [])
        case Kind.PATTERN:
            rows = [scores.PatternRow(sound=sound, steps=[0.8, 0.0] * 8) for sound in SOUNDS_USED[:8]]
            return scores.PatternScore(
                name=name, bpm=90 + n % 60, beats=4, rows=rows, description="By steps."
            )
        case _:
            style = list(STYLES)[n % len(STYLES)]
            players = [
                scores.Player(instrument=instrument, program=next(iter(programs)))
                for instrument, programs in STYLES[style].instruments.items()
            ]
            return scores.MachineScore(name=name, style=style, bpm=180, players=players)


def _samples(tx: Tx, writer: str) -> None:
    for n in range(SAMPLES):
        sound = [
            creations.Asset(role=role, sha256=f"{n:063x}{at}", size_bytes=1_000, mime=mime)
            for at, (role, mime) in enumerate(creations.SOUND_TYPES.items())
        ]
        creations.publish(
            tx,
            creations.NewCreation(
                id=new_id(),
                version_id=new_id(),
                owner_id=writer,
                kind=Kind.SAMPLE,
                visibility=Visibility.PRIVATE,
                title=f"Kick {n}",
                bpm=None,
                key=None,
                tags=[],
                daw=None,
                figures=FIGURES,
                assets=sound,
                at_us=START_US + n,
            ),
        )
    tx.effects.clear()


@contextmanager
def _bare(url: str) -> Iterator[Execute]:
    """Statements without the door, all in one transaction."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as db:
            yield db.execute
            db.commit()
    else:
        address = parse_address(url)
        with psycopg.connect(address.url, options=f"-c search_path={address.schema}") as pg:
            yield pg.execute


_NEW_ID = "k.prefix || substr(t.{}, 5)"
"""The first four digits are those of a time that all who were written have in common."""
_OWN = {
    "account": {"id": "", "username": "t.username || k.n", "skeleton": "t.skeleton || k.n"},
    "creation": {
        "id": "",
        "owner_id": "",
        "head_version_id": "",
        **{
            name: f"t.{name} - k.n * 1000000"
            for name in ("created_us", "changed_us", "published_us", "hot_us")
        },
    },
    "creation_version": {"id": "", "creation_id": ""},
    "creation_tag": {"creation_id": "", "published_us": "t.published_us - k.n * 1000000"},
    "document": {"n": f"t.n + k.n * {10 * COPIED}", "object_id": ""},
    "full_text": {"rowid": f"t.rowid + k.n * {10 * COPIED}"},
}
"""Of each table the columns that a copy has of its own; "": an id."""
_OTHERS = {
    "account": "t.username LIKE 'owner%'",
    "creation": "t.owner_id <> w.id",
    "creation_version": "t.creation_id IN (SELECT id FROM copied)",
    "creation_tag": "t.creation_id IN (SELECT id FROM copied)",
    "document": "t.kind = 'post' AND t.object_id IN (SELECT id FROM copied)",
    "full_text": "t.rowid IN (SELECT n FROM copied)",
}


def _copy(execute: Execute, times: int) -> None:
    """All that the owners have, once more for each time but the first."""
    execute("CREATE TEMPORARY TABLE copies (n INTEGER PRIMARY KEY, prefix TEXT NOT NULL)")
    execute(
        f"CREATE TEMPORARY TABLE copied AS SELECT c.id, d.n FROM creation AS c JOIN account AS a ON a.id = c.owner_id"
        f" JOIN document AS d ON d.kind = 'post' AND d.object_id = c.id WHERE a.username <> '{WRITER}'"
    )
    for n in range(1, times):
        execute(f"INSERT INTO copies (n, prefix) VALUES ({n}, '{0x1000 + n:04x}')")
    for table, own in _OWN.items():
        columns = ["rowid", "head", "rest"] if table == "full_text" else _columns(execute, table)
        told = [own.get(name, f"t.{name}") or _NEW_ID.format(name) for name in columns]
        execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(told)} FROM copies AS k"
            f" CROSS JOIN {table} AS t CROSS JOIN (SELECT id FROM account WHERE username = '{WRITER}') AS w"
            f" WHERE {_OTHERS[table]}"
        )


def _columns(execute: Execute, table: str) -> list[str]:
    cursor = execute(f"SELECT * FROM {table} LIMIT 0")
    return [column[0] for column in cursor.description]  # type: ignore[attr-defined]
