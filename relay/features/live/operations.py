"""The ticket that opens a WebSocket, and the inbox."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.live.service import Live
from relay.features.live.tickets import TICKET_S, Tickets
from relay.wire import identity, rest
from relay.wire import operations as wire


def rows(live: Live, tickets: Tickets) -> list[AnyRow]:
    async def make_ticket(call: Call[wire.Nothing, wire.Nothing]) -> identity.SocketTicket:
        return identity.SocketTicket(ticket=await tickets.make(call.actor), expires_in=TICKET_S)

    async def inbox(call: Call[wire.Nothing, wire.Paging]) -> rest.InboxPage:
        return await live.inbox(call.account_id, call.query.cursor, call.query.limit)

    return [
        Row(wire.MAKE_TICKET, Action.TICKET_MAKE, make_ticket),
        Row(wire.INBOX, Action.INBOX_READ, inbox),
    ]
