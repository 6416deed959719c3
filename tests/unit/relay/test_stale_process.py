"""A process that no longer hears what others commit: it relies on nothing it was told before, and says that it is not ready."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from joserfc.jwk import OKPKey

from relay.app.health import rows
from relay.app.listening import EFFECTS
from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.data_folder import DataFolder, DataInUse
from relay.engine.database import STALE_S, Connection, Database, DatabaseBusy, Tx, open_database
from relay.engine.metrics import Metrics
from relay.engine.objects.folder import FolderObjects
from relay.engine.tasks import Tasks
from relay.features.devices.families import Families, end_family
from relay.features.devices.signing import BadKey, agree_on_key, forget_key, load_key
from relay.features.devices.tokens import Tokens
from relay.wire import operations as wire

T = TypeVar("T")
ACCOUNT, DEVICE, FAMILY = "a" * 32, "d" * 32, "f" * 32


class DeafDatabase:
    """A database from which nothing is heard for as long as a test says."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.silent_s = 0.0
        self.away: DatabaseBusy | None = None

    @property
    def applied(self) -> int:
        return self._db.applied

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        return await self._db.write(work, apart=apart)

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        if self.away is not None:
            raise self.away
        return await self._db.read(work, snapshot=snapshot)

    async def close(self) -> None:
        await self._db.close()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[DeafDatabase]:
    opened = open_database(
        tmp_path / "relay.db", effects=EFFECTS, on_commit=lambda *_: None, on_lost=lambda _: None
    )
    db = DeafDatabase(opened)
    await db.write(_with_a_sign_in)
    yield db
    await db.close()


def _with_a_sign_in(tx: Tx) -> None:
    tx.db.execute(
        "INSERT INTO account (id, username, skeleton, display_name, created_us) VALUES (?, 'anna', 'anna', 'Anna', 1)",
        (ACCOUNT,),
    )
    tx.db.execute(
        "INSERT INTO device (id, public_key, name, platform, version, created_us, account_id, claimed_us)"
        " VALUES (?, ?, 'x', 'linux', '0', 1, ?, 1)",
        (DEVICE, b"k" * 32, ACCOUNT),
    )
    tx.db.execute(
        "INSERT INTO family (id, account_id, device_id, proof, created_us) VALUES (?, ?, ?, 0, 1)",
        (FAMILY, ACCOUNT, DEVICE),
    )


async def test_a_token_is_looked_up_where_endings_may_have_been_missed(db: DeafDatabase) -> None:
    families = Families(db, Tokens(OKPKey.generate_key("Ed25519"), "relay", set()))
    actor = Actor(user_id=ACCOUNT, device_id=DEVICE, family_id=FAMILY)
    db.silent_s = STALE_S + 1
    await families.confirm(actor)
    await db.write(lambda tx: end_family(tx, FAMILY))
    with pytest.raises(Refusal) as refused:
        await families.confirm(actor)
    assert refused.value.code == "token_invalid"
    db.silent_s = 0
    await families.confirm(actor)  # whoever hears is told by the commit


async def test_it_is_not_ready_until_it_hears_again(db: DeafDatabase, tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path / "objects")
    (ready,) = [
        each
        for each in rows(db, objects, MemoryBus(MemoryWire()), Tasks(), lambda: False)
        if each.operation is wire.READY
    ]  # type: ignore[union-attr]
    assert (await ready.handler(None)).status == 200  # type: ignore[arg-type, union-attr]
    db.silent_s = STALE_S + 1
    assert (await ready.handler(None)).status == 503  # type: ignore[arg-type, union-attr]
    db.silent_s = STALE_S - 1
    assert (await ready.handler(None)).status == 200  # type: ignore[arg-type, union-attr]
    db.away = DatabaseBusy("connection to 10.0.0.5 as relay refused")
    answer = await ready.handler(None)  # type: ignore[arg-type, union-attr]
    assert answer.status == 503 and "10.0.0.5" not in str(answer.value), "anybody may ask"
    await objects.close()


async def test_the_first_key_signs_until_it_is_to_be_forgotten(db: DeafDatabase, tmp_path: Path) -> None:
    first, other = load_key(tmp_path / "a.pem"), load_key(tmp_path / "b.pem")
    await agree_on_key(db, first)
    await agree_on_key(db, first)
    with pytest.raises(BadKey, match="--new-signing-key"):
        await agree_on_key(db, other)
    await db.write(forget_key)
    await agree_on_key(db, other)
    with pytest.raises(BadKey):
        await agree_on_key(db, first)


@pytest.mark.parametrize("content", [b"", b"no key", OKPKey.generate_key("X25519").as_pem(private=True)])
def test_what_is_no_signing_key_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(BadKey, match="Ed25519"):
        load_key(tmp_path / "key.pem")


def test_a_data_folder_is_one_s_own_or_shared(tmp_path: Path) -> None:
    alone = DataFolder.open(tmp_path, alone=True)
    with pytest.raises(DataInUse):
        DataFolder.open(tmp_path, alone=True)
    shared = DataFolder.open(tmp_path, alone=False)
    (shared.work / "file").write_bytes(b"")
    assert alone.work != shared.work and alone.work.is_dir()
    alone.close()
    again = DataFolder.open(tmp_path, alone=True)
    assert (shared.work / "file").exists() and not alone.work.exists()
    shared.close()
    again.close()
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_figure_that_cannot_be_asked_hides_no_other() -> None:
    metrics = Metrics()

    def away() -> list[tuple[dict[str, str], float]]:
        raise OSError("away")

    metrics.ask("broken", "Cannot be asked.", away)
    metrics.ask("whole", "Is there.", lambda: [({"name": 'a"b\\c\nd'}, 1.5)])
    metrics.histogram("seconds", "How long.", "row").observe("x", seconds=0.03)
    text = await metrics.text()
    assert "broken" not in text
    assert 'whole{name="a\\"b\\\\c\\nd"} 1.5' in text
    assert 'seconds_bucket{row="x",le="0.025"} 0\nseconds_bucket{row="x",le="0.05"} 1' in text
    assert 'seconds_bucket{row="x",le="+Inf"} 1\nseconds_sum{row="x"} 0.03\nseconds_count{row="x"} 1' in text
