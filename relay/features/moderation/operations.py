"""/api/v1/reports, /appeals and /moderation."""

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.limits import Kind
from relay.engine.objects.door import Objects
from relay.features.creations import api as creations
from relay.features.moderation.inspecting import Inspecting
from relay.features.moderation.service import Moderation
from relay.wire import social_operations as wire
from relay.wire.moderation import (
    Appeal,
    AppealAnswer,
    AuditPage,
    Decided,
    Decision,
    Inspected,
    NewAppeal,
    NewReport,
    Queue,
    Report,
    RoleRequest,
    RoleSet,
)

Bare = Call[wire.Nothing, wire.Nothing]


def rows(moderation: Moderation, inspecting: Inspecting, objects: Objects) -> list[AnyRow]:
    async def report(call: Call[NewReport, wire.Nothing]) -> Answer[Report]:
        made, is_new = await moderation.report(call.account_id, call.body)
        return Answer(value=made, status=201 if is_new else 200)

    async def appeal(call: Call[NewAppeal, wire.Nothing]) -> Appeal:
        return await moderation.appeal(call.account_id, call.body)

    async def queue(call: Bare) -> Queue:
        return await moderation.queue()

    async def inspect(call: Bare) -> Inspected:
        return await inspecting.post(call.actor, call.path["post_id"])

    async def sound(call: Bare) -> Answer[wire.AudioBytes]:
        asset = await inspecting.sound(call.actor, call.path["post_id"])
        headers = {
            "etag": f'"{asset.sha256}"',
            "accept-ranges": "bytes",
            "cache-control": creations.PRIVATE,
            "content-security-policy": creations.MEDIA_POLICY,
        }
        return await creations.send_sound(objects, call, asset, headers)

    async def decide(call: Call[Decision, wire.Nothing]) -> Decided:
        return await moderation.decide(call.actor, call.body)

    async def answer(call: Call[AppealAnswer, wire.Nothing]) -> Appeal:
        return await moderation.answer(call.actor, call.path["appeal_id"], call.body)

    async def log(call: Call[wire.Nothing, wire.Paging]) -> AuditPage:
        return await moderation.log(call.query)

    async def set_role(call: Call[RoleRequest, wire.Nothing]) -> RoleSet:
        return await moderation.set_role(call.actor, call.body)

    return [
        Row(wire.REPORT, Action.REPORT, report, limit=Kind.REPORT),
        Row(wire.APPEAL, Action.APPEAL, appeal, limit=Kind.REPORT),
        Row(wire.MODERATION_QUEUE, Action.MODERATE, queue),
        Row(wire.INSPECT_POST, Action.MODERATE, inspect),
        Row(wire.INSPECT_SOUND, Action.MODERATE, sound, limit=Kind.MEDIA),
        Row(wire.DECIDE, Action.MODERATE, decide),
        Row(wire.ANSWER_APPEAL, Action.MODERATE, answer),
        Row(wire.AUDIT_LOG, Action.AUDIT_READ, log),
        Row(wire.SET_ROLE, Action.ROLE_SET, set_role),
    ]
