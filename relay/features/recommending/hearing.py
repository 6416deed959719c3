"""Listening to what was made before there was an algorithm, or by another one: a task of the processes that make posts.

What is made now has its vector with its sound, so this ends, and is not looked for again. Two processes may listen to the same: the
vector is the same, too.
"""

import asyncio
import logging
import tempfile
from pathlib import Path

from relay.core.refusal import Refusal
from relay.engine.database import Database, Tx
from relay.engine.objects.door import ObjectDamaged, ObjectMissing, Objects
from relay.features.creations import api as creations
from relay.features.recommending import vectors
from relay.features.recommending.vectors import Progress, Unheard

log = logging.getLogger("relay")

PAUSE_S = 0.2
"""Between two sounds, for what people wait for."""
SOUND_FILE = "sound.flac"


class HearingAfterwards:
    """scratch: a folder of this process alone. [loop]"""

    def __init__(self, db: Database, objects: Objects, encoder: creations.Encoder, scratch: Path) -> None:
        self._db = db
        self._objects = objects
        self._encoder = encoder
        self._scratch = scratch

    async def catch_up(self) -> None:
        """All that nobody has listened to, STEP after STEP."""
        while not (at := await self._db.read(vectors.progress, snapshot=False)).is_done:
            after_id = at.after_id
            waiting = await self._db.read(lambda db: vectors.unheard(db, after_id), snapshot=False)  # noqa: B023 (awaited)
            found = dict[Unheard, bytes]()
            for each in waiting:
                found[each] = await self._vector(each)
                await asyncio.sleep(PAUSE_S)
            last = waiting[-1].creation_id if waiting else after_id
            now = Progress(after_id=last, is_done=len(waiting) < vectors.STEP)

            def note(tx: Tx, found: dict[Unheard, bytes] = found, now: Progress = now) -> None:
                vectors.put_heard(tx, found)
                vectors.set_progress(tx, now)

            await self._db.write(note)

    async def _vector(self, unheard: Unheard) -> bytes:
        """What cannot be read is like silence."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            try:
                await self._objects.fetch(unheard.sha256, Path(name) / SOUND_FILE)
                return await self._encoder.vector(creations.VectorJob(folder=name, upload_file=SOUND_FILE))
            except (ObjectMissing, ObjectDamaged, Refusal) as error:
                log.warning("%s cannot be listened to: %s", unheard.creation_id, error)
                return vectors.SILENT
