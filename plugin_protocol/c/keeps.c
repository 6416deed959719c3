#include "keeps.h"

#include "text.h"

#include <string.h>

#define KEEP_LIMIT_US 10000000u

uint64_t sc_keeps_put(sc_keeps *keeps, const sc_keep *keep, const char *title) SC_REALTIME
{
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &keeps->slots[i];
        if (!sc_slot_claim(&slot->state)) continue;
        const uint64_t id = atomic_fetch_add_explicit(&keeps->next_id, 1, memory_order_relaxed);
        slot->keep = *keep;
        slot->keep.id = id;
        slot->since_us = 0;
        sc_utf8_copy(slot->keep.title, sizeof slot->keep.title, title ? title : "", SIZE_MAX, SC_TITLE_CHARACTERS);
        sc_slot_fill(&slot->state);
        return id;
    }
    return 0;
}

void sc_keeps_age(sc_keeps *keeps, uint64_t now_us)
{
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &keeps->slots[i];
        if (!sc_slot_is_full(&slot->state)) continue;
        if (slot->since_us == 0) {
            slot->since_us = now_us;
            slot->sent_in = 0;
        }
        if (now_us - slot->since_us < KEEP_LIMIT_US) continue;
        if (slot->sent_in)
            sc_tell_failed(keeps->port, SC_EVENT_KEEP_FAILED, slot->keep.id, "no_answer",
                           "Nothing is known to be kept: the daemon did not answer for 10 s. Start the Sidechain daemon "
                           "again, and look at its takes.");
        else
            sc_tell_failed(keeps->port, SC_EVENT_KEEP_FAILED, slot->keep.id, "no_daemon",
                           "Nothing is known to be kept: no daemon was there for 10 s. Start the Sidechain daemon, then "
                           "keep again.");
        sc_slot_empty(&slot->state);
    }
}

void sc_keeps_send(sc_keeps *keeps)
{
    uint8_t data[sizeof(sc_keep) + 256];
    const uint32_t session = sc_session_of(keeps->port);
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &keeps->slots[i];
        if (!sc_slot_is_full(&slot->state) || slot->since_us == 0 || slot->sent_in == session) continue;
        if (sc_say(keeps->port, data, sc_encode_keep(data, sizeof data, &slot->keep))) slot->sent_in = session;
    }
}

void sc_keeps_answered(sc_keeps *keeps, const sc_event *event)
{
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &keeps->slots[i];
        if (!sc_slot_is_full(&slot->state) || slot->since_us == 0 || slot->keep.id != event->id) continue;
        sc_tell(keeps->port, event);
        sc_slot_empty(&slot->state);
    }
}
