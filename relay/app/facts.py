"""GET /api/config: the facts of this relay that everybody may know."""

import msgspec

from audio.notes.shapes import SAYS as NOTES_SAYS
from audio.separate.parts import PARTS, SAYS
from relay.app.config import Config
from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.listening.models import Models
from relay.features.listening.tasks import MAX_SEPARATED_S
from relay.wire.facts import NotesModel, RelayFacts, SeparationModel
from relay.wire.listening import MAX_STREAM_S, STREAM_PATH
from relay.wire.listening_operations import FACTS
from relay.wire.oauth import METADATA_PATH
from relay.wire.operation import Nothing
from relay.wire.tracks import TRACKS_PATH


def rows(config: Config, base_url: str, models: Models) -> list[AnyRow]:
    """base_url: how the world reaches this relay."""
    sockets = base_url.replace("http", "ws", 1)
    facts = RelayFacts(
        url=base_url,
        authorization_server=f"{base_url}{METADATA_PATH}",
        socket=f"{sockets}{TRACKS_PATH}",
        stream=f"{sockets}{STREAM_PATH}",
        registration=config.registration,
        max_upload_bytes=config.max_upload_bytes,
        max_separated_seconds=MAX_SEPARATED_S,
        max_stream_seconds=MAX_STREAM_S,
        separation_models=[],
        notes_models=[],
    )

    async def told(_: Call[Nothing, Nothing]) -> RelayFacts:
        here = [
            SeparationModel(name=name, says=SAYS[name], parts=list(PARTS[name]))
            for name in await models.here(PARTS)
        ]
        heard = [NotesModel(name=name, says=NOTES_SAYS[name]) for name in await models.here(NOTES_SAYS)]
        return msgspec.structs.replace(facts, separation_models=here, notes_models=heard)

    return [Row(FACTS, Action.SITE_READ, told)]
