"""What each command answers with --json: one type for each, of which `sidechain schema` makes the schema that programs can
rely on. Within a major version fields are only added; who reads ignores what it does not know.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, get_args

import msgspec
import typer

import bridge.control as c
from daemon.cli import plain_answers as plain
from daemon.cli import score_commands as scores
from daemon.cli.files import Processed, ProcessedAll
from daemon.cli.importing import Imported
from daemon.cli.listening import BothCompared, Drawn
from daemon.cli.models import ModelsAre
from daemon.cli.output import Json, say, show
from daemon.cli.record import DevicesAre, RecordingIs
from daemon.cli.restart import Restarted
from daemon.cli.score_sound import Rendered
from daemon.cli.service_commands import Service
from daemon.cli.setup import Done as SetUp
from daemon.cli.stems import Stems
from daemon.cli.takes_play import Played
from daemon.errors import UsageError

Kind = Any  # a type, or a union of some: what msgspec takes for one


def of_each(*commands: str, kind: Kind) -> dict[str, Kind]:
    """These commands of loops, songs, patterns and machines alike; "": what is listed by default."""
    return {f"{each}s {command}".strip(): kind for each in scores.KINDS for command in commands}


ANSWERS: Mapping[str, Kind] = {
    "setup": SetUp,
    "down": c.Done,
    "restart": Restarted,
    "status": c.Status,
    "instances": c.InstanceList,
    "keep": c.OneTake | c.OneSet,
    "post": c.Posted,
    "claim": c.Claimed,
    "unclaim": c.Unclaimed,
    "whoami": c.Whoami,
    "feed": c.Feed | c.Discovered,
    "search": c.FoundIs,
    **dict.fromkeys(("follow", "unfollow", "like", "react"), c.DeedDone),
    "analyse": Drawn,
    "compare": BothCompared,
    "separate": Stems,
    **dict.fromkeys(("models", "models list", "models add", "models remove"), ModelsAre),
    "process": Processed | ProcessedAll,
    "import": Imported,
    "record": RecordingIs | DevicesAre,
    "watch": c.Status
    | c.LiveMeasurement
    | c.Progress
    | c.TakeChanged
    | c.ItemArrived
    | c.NotificationsChanged
    | c.PreviewChanged,
    "preview": c.Previewing | c.Done,
    "demo": plain.DemoIs,
    "doctor": plain.Found,
    **dict.fromkeys(("takes", "takes list"), c.TakeList),
    **dict.fromkeys(
        ("takes show", "takes rename", "takes tag", "takes trim", "takes discard", "takes restore"), c.OneTake
    ),
    **dict.fromkeys(("takes repair", "takes undo"), c.OneTake),
    "takes delete": c.OneTake | c.Done,
    "takes play": Played | DevicesAre,
    "takes similar": c.SimilarTakes,
    **dict.fromkeys(("takes export", "takes card"), plain.Written),
    "takes compare": plain.Compared | BothCompared,
    "takes path": plain.Where,
    **dict.fromkeys(("sets", "sets list"), c.SetList),
    **dict.fromkeys(("sets show", "sets discard"), c.OneSet),
    "sets mix": c.OneTake,
    "sets export": plain.SetWritten,
    **dict.fromkeys(
        ("outbox", "outbox list", "outbox retry", "outbox discard", "outbox undo", "undo"), c.EntryList
    ),
    **dict.fromkeys(("pause", "resume"), c.Done),
    **dict.fromkeys(("history", "history list"), c.HistoryIs),
    "history play": c.HistorySound,
    **dict.fromkeys(("recover", "recover list", "recover discard"), c.Recovery),
    "recover show": c.StretchInfo,
    "recover keep": c.OneTake,
    **of_each("", kind=c.CreationList),
    **of_each("list", kind=c.CreationList | c.HeldList),
    **of_each("show", "rename", "delete", "restore", "push", "pull", kind=c.OneCreation),
    **of_each("share", "links", "unshare", kind=c.LinkList),
    "instruments": c.InstrumentList,
    "sync": c.Synced,
    "takes loop": c.OneCreation,
    **of_each("import", kind=scores.Imported),
    **of_each("render", kind=Rendered | c.OneTake),
    **of_each("midi", "export", kind=plain.Written),
    **dict.fromkeys(("posts", "posts list"), c.PostList),
    **dict.fromkeys(("posts edit", "posts visibility", "posts licence", "posts downloads"), c.OnePost),
    **dict.fromkeys(("posts pin", "posts archive", "posts replace", "posts again"), c.OnePost),
    "posts versions": c.VersionList,
    "posts delete": c.Done,
    "posts undo": c.EntryList,
    **dict.fromkeys(("save", "repost", "report"), c.Done),
    **dict.fromkeys(("block", "unblock", "mute", "unmute", "remove-follower"), c.Done),
    **dict.fromkeys(("follow-requests accept", "follow-requests decline"), c.Done),
    **dict.fromkeys(("people", "follow-requests"), c.PeopleAre),
    **dict.fromkeys(("saved", "remixes"), c.Discovered),
    "who": c.WhoAre,
    "comments": c.CommentsAre,
    "comment": c.OneComment | c.Done,
    "notifications": c.NotificationsAre,
    "notification-settings": c.PreferencesAre,
    "profile": c.ProfileInfo,
    "account sign-ins": c.SignInsAre | c.SignInsEnded,
    "account devices": c.DevicesAre,
    "account export": c.ExportIs,
    "account delete": c.Done,
    "config": plain.Values,
    "config get": plain.Values,
    **dict.fromkeys(("config set", "config unset"), plain.Values),
    "config explain": plain.Explained,
    **dict.fromkeys(("service", "service install", "service remove", "service status"), Service),
    "logs": plain.Lines,
    "schema": plain.Values,
}
"""By the command as it is typed."""

OF_THE_SOCKET = ("t", "id")  # as output.show leaves them out


def schema_of(command: str) -> dict[str, object]:
    """JSON Schema (2020-12) of what the command prints with --json, or of its error. Raises KeyError. [any]"""
    kinds = get_args(ANSWERS[command]) if isinstance(ANSWERS[command], UnionType) else (ANSWERS[command],)
    shapes, definitions = msgspec.json.schema_components(
        (*kinds, plain.Failure), ref_template="#/$defs/{name}"
    )
    kept = {name: _without_tag(each) for name, each in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"sidechain {command} --json",
        "anyOf": [*shapes],
        "$defs": kept,
    }


def _without_tag(definition: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in definition:
        return definition
    properties = {name: each for name, each in definition["properties"].items() if name not in OF_THE_SOCKET}
    required = [name for name in definition["required"] if name not in OF_THE_SOCKET]
    return definition | {"properties": properties, "required": required}


def schema(
    command: Annotated[
        list[str] | None, typer.Argument(help="Which command, as it is typed. Default: which there are.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of what a command answers with --json.

    Examples:  sidechain schema   ·   sidechain schema takes list
    """
    typed = " ".join(command or ())
    if not typed:
        show({"commands": sorted(ANSWERS)}, as_json, lambda: "\n".join(sorted(ANSWERS)))
    elif typed not in ANSWERS:
        raise UsageError(
            f"No command `{typed}` answers with --json.", "`sidechain schema` lists those that do."
        )
    else:
        say(msgspec.json.format(msgspec.json.encode(schema_of(typed))).decode())


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(schema)
