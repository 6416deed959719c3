"""How creations sound: found with their sound, or afterwards for what was made before, and gone with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from audio.analyse.likeness import likeness
from relay.core.access import Actor
from relay.features.creations.encoding import LOSSLESS_FILE, EncodeJob, Encoder, VectorJob
from relay.features.recommending import hearing, vectors
from relay.features.recommending.hearing import HearingAfterwards
from relay.features.recommending.vectors import SILENT, VECTOR_BYTES
from tests.support.house import House, house, new_loop, new_post
from tests.support.loops import as_file, loop_flac


@pytest.fixture
async def encoder() -> AsyncIterator[Encoder]:
    made = Encoder()
    yield made
    await made.close()


@pytest.mark.parametrize("analyse", [True, False])
async def test_what_is_uploaded_has_the_vector_of_what_is_served(
    encoder: Encoder, tmp_path: Path, analyse: bool
) -> None:
    (tmp_path / "upload").write_bytes(loop_flac(1)[0])
    job = EncodeJob(
        folder=str(tmp_path),
        upload_file="upload",
        title="",
        bpm=None,
        key=None,
        duration_bars=None,
        bar_frames=[],
        analyse=analyse,
    )
    made = await encoder.run(job)
    again = await encoder.vector(VectorJob(folder=str(tmp_path), upload_file=LOSSLESS_FILE))
    one, other = (np.frombuffer(each, np.float32) for each in (made.vector, again))
    assert len(made.vector) == VECTOR_BYTES and likeness(one, other) > 0.9999


async def test_what_was_made_before_is_listened_to_once(
    encoder: Encoder, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what stands in the studio without a sound, and sounds that are lost, or none, are passed by."""
    monkeypatch.setattr(hearing, "PAUSE_S", 0)
    monkeypatch.setattr(vectors, "STEP", 2)
    async with house(database_url) as here:
        anna, objects = await here.account("anna"), here.removals._objects
        sounds = [await objects.put(loop_flac(n)[0]) for n in range(2)]
        sounds += [
            "f" * 64,
            await objects.put(b"no audio"),
            await objects.put(as_file(np.zeros((4800, 1)), 48_000)),
        ]
        posts = [
            await here.db.write(lambda tx, name=name: new_post(tx, anna, sha256=name)) for name in sounds
        ]  # type: ignore[misc]
        await here.db.write(lambda tx: new_loop(tx, anna))
        heard = HearingAfterwards(here.db, objects, encoder, tmp_path)
        await heard.catch_up()
        found = await here.db.read(lambda db: vectors.vectors_of(db, posts))
        assert set(found) == set(posts[:2]) and SILENT not in found.values()
        assert found[posts[0]] != found[posts[1]]
        assert (await here.db.read(vectors.progress)).is_done

        await encoder.close()  # and nobody is asked again
        await heard.catch_up()
        await gone_with_its_post(here, anna, posts[0])


async def gone_with_its_post(here: House, owner: str, post_id: str) -> None:
    here.pending.clear()
    here.held = True
    await here.owning.delete(Actor(user_id=owner), post_id)
    told = [each for _, effects in here.pending for each in effects]
    assert any(isinstance(each, vectors.VectorChanged) and each.creation_id == post_id for each in told)
    assert await here.db.read(lambda db: vectors.vector_of(db, post_id)) is None
    here.let_go()
