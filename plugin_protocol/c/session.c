#include "session.h"

#include "layout_gen.h"
#include "preview.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_US 2000000u /* as long as the daemon gives a connection to greet */
#define FIRST_BACKOFF_US 250000u
#define LONGEST_BACKOFF_US 5000000u
#define KEEP_LIMIT_US 10000000u
#define RETIRED_LIMIT_US 30000000u
#define IDLE_LIMIT_US 600000000u /* an inactive plugin gives its memory back after that; until then it can be kept from */

static void close_wire(sc_session *session, int linger_ms)
{
    if (session->wire) sc_wire_close(session->wire, linger_ms);
    session->wire = NULL;
    session->state = SC_LINK_DOWN;
}

/* Between 3/4 and 5/4 of twice the last pause, from 0.25 s to 5 s. The generator is Marsaglia's xorshift. */
static uint64_t backoff_us(sc_session *session)
{
    const uint32_t doublings = session->failures < 5 ? session->failures : 5;
    uint64_t pause_us = (uint64_t)FIRST_BACKOFF_US << doublings;
    if (pause_us > LONGEST_BACKOFF_US) pause_us = LONGEST_BACKOFF_US;
    session->failures++;
    session->jitter ^= session->jitter << 13;
    session->jitter ^= session->jitter >> 17;
    session->jitter ^= session->jitter << 5;
    return pause_us * 3 / 4 + pause_us / 2 * (session->jitter >> 16) / 65536;
}

static void lose(sc_client *client, const char *reason, uint64_t now_us)
{
    sc_session *session = &client->session;
    const bool stood = session->state == SC_LINK_OPEN;
    sc_preview_end(client, "lost", "The connection to the daemon was lost.");
    close_wire(session, 0);
    if (reason != session->reason) snprintf(session->reason, sizeof session->reason, "%s", reason);
    session->next_attempt_us = now_us + backoff_us(session);
    memset(&session->link, 0, sizeof session->link);
    if (!stood) return;
    sc_event event = {.kind = SC_EVENT_DISCONNECTED};
    snprintf(event.disconnected.reason, sizeof event.disconnected.reason, "%s", session->reason);
    sc_client_tell(client, &event);
}

static bool say(sc_client *client, const uint8_t *data, size_t bytes)
{
    return bytes > 0 && sc_wire_send(client->session.wire, data, bytes);
}

static void say_hello(sc_client *client, uint64_t now_us)
{
    uint8_t data[sizeof(sc_hello) + 512];
    sc_session *session = &client->session;
    if (!say(client, data, sc_encode_hello(data, sizeof data, &client->hello))) return;
    session->state = SC_LINK_GREETING;
    session->renamed = false;
    session->heard_us = now_us; /* the daemon has the whole silence limit to answer */
}

/* What arrived ------------------------------------------------------------------------------------------------ */

static void welcomed(sc_client *client, const sc_event *event, uint64_t now_us)
{
    sc_session *session = &client->session;
    if (session->state != SC_LINK_GREETING) return;
    session->state = SC_LINK_OPEN;
    session->number++;
    session->failures = 0;
    session->refusal_told = false;
    session->heartbeat_us = now_us;
    session->reason[0] = '\0';
    sc_client_tell(client, event);
}

static void refused(sc_client *client, const sc_event *event, uint64_t now_us)
{
    sc_session *session = &client->session;
    if (strcmp(event->refused.code, "state") == 0) { /* the daemon was restarted, or forgot us: greet it again */
        sc_preview_end(client, "lost", "The daemon was started again.");
        session->state = SC_LINK_CONNECTING;
        session->give_up_us = now_us + CONNECT_US;
        return;
    }
    if (!session->refusal_told) sc_client_tell(client, event);
    if (session->state == SC_LINK_OPEN) return; /* a Ring was refused; the session stands */
    session->refusal_told = true; /* once, not at every attempt; a daemon that was updated will welcome us */
    session->failures = UINT32_MAX / 2;
    lose(client, event->refused.message, now_us);
}

static void attached(sc_client *client, const sc_event *event)
{
    for (sc_generation *each = client->generations; each; each = each->older) {
        if (each->identity.generation != event->attached.generation || each->told_in != client->session.number) continue;
        if (!each->attached) sc_client_tell(client, event);
        each->attached = true;
    }
}

static void answered(sc_client *client, const sc_event *event)
{
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &client->keeps[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SC_SLOT_FULL || slot->since_us == 0 ||
            slot->keep.id != event->id)
            continue;
        sc_client_tell(client, event);
        atomic_store_explicit(&slot->state, SC_SLOT_FREE, memory_order_release);
    }
}

/* What stands of the account and the relay; told when it has changed. */
static void linked(sc_client *client, const sc_event *event)
{
    if (memcmp(&client->session.link, event, sizeof *event) == 0) return;
    client->session.link = *event;
    sc_client_tell(client, event);
}

static void hear_in_session(sc_client *client, const sc_event *event)
{
    switch (event->kind) {
    case SC_EVENT_ATTACHED: attached(client, event); break;
    case SC_EVENT_LINK: linked(client, event); break;
    case SC_EVENT_KEPT:
    case SC_EVENT_KEEP_FAILED: answered(client, event); break;
    case SC_EVENT_NOTICE: sc_client_tell(client, event); break;
    case SC_EVENT_PREVIEW_LOADING:
    case SC_EVENT_PREVIEW_OPENED:
    case SC_EVENT_PREVIEW_ENDED:
    case SC_EVENT_PREVIEW_FAILED: sc_preview_hear(client, event); break;
    case SC_EVENT_ITEM:
    case SC_EVENT_POSTING: sc_window_tell(client, event); break;
    case SC_EVENT_FEED_PAGE:
    case SC_EVENT_ASKED:
    case SC_EVENT_ASK_FAILED: sc_window_answered(client, event); break;
    case SC_EVENT_CONNECTED:
    case SC_EVENT_REFUSED:
    case SC_EVENT_DISCONNECTED: break; /* heard in any state, or our own word */
    }
}

static void hear(sc_client *client, const sc_event *event, uint64_t now_us)
{
    client->session.heard_us = now_us;
    if (event->kind == SC_EVENT_CONNECTED) welcomed(client, event, now_us);
    else if (event->kind == SC_EVENT_REFUSED) refused(client, event, now_us);
    else if (client->session.state == SC_LINK_OPEN) hear_in_session(client, event); /* else it answers one that is over */
}

/* What is due ------------------------------------------------------------------------------------------------- */

static void connect_to_daemon(sc_client *client, uint64_t now_us)
{
    sc_session *session = &client->session;
    /* Only a directory that is ours alone may hold the socket we trust. */
    if (sc_run_dir_check(client->run_dir, session->reason, sizeof session->reason))
        session->wire = sc_wire_open(client->run_dir, &client->allocator, session->reason, sizeof session->reason);
    if (!session->wire) {
        session->next_attempt_us = now_us + backoff_us(session);
        return;
    }
    session->state = SC_LINK_CONNECTING;
    session->give_up_us = now_us + CONNECT_US;
}

static void announce_ring(sc_client *client)
{
    uint8_t data[256];
    sc_generation *newest = client->generations;
    if (!newest || newest->told_in == client->session.number) return;
    const sc_ring_opened opened = {
        .segment = newest->segment.name,
        .generation = newest->identity.generation,
        .sample_rate_hz = newest->identity.sample_rate_hz,
        .channels = newest->identity.channels,
        .capacity_frames = newest->identity.capacity_frames,
    };
    if (!say(client, data, sc_encode_ring_opened(data, sizeof data, &opened))) return;
    newest->told_in = client->session.number;
    newest->attached = false;
}

static void beat(sc_client *client, uint64_t now_us)
{
    uint8_t data[SC_TEXT_BYTES(SC_LINE_CHARACTERS) + 96];
    sc_session *session = &client->session;
    if (now_us < session->heartbeat_us && !session->renamed) return;
    const sc_generation *newest = client->generations;
    const uint64_t calls = newest ? sc_ring_word(newest->segment.base, SC_PROCESS_COUNT_OFFSET) : 0;
    const bool playing = atomic_load_explicit(&client->audio.playing, memory_order_relaxed);
    const char *new_name = session->renamed ? client->hello.track_name : NULL;
    if (!say(client, data, sc_encode_heartbeat(data, sizeof data, calls, playing, new_name))) return;
    session->heartbeat_us = now_us + SC_HEARTBEAT_INTERVAL_US;
    session->renamed = false;
}

/* For the audio thread, which reads no clock: when it was at work last, and whether it has been away. */
static void stamp(sc_client *client, uint64_t now_us)
{
    sc_generation *newest = client->generations;
    const uint64_t calls = newest ? sc_ring_word(newest->segment.base, SC_PROCESS_COUNT_OFFSET) : 0;
    if (!newest) return;
    if (calls == newest->calls) {
        const double longest_block_us = 1e6 * newest->identity.max_block_frames / newest->identity.sample_rate_hz;
        const uint64_t limit_us = SC_SUSPENDED_US + (uint64_t)longest_block_us;
        if (newest->called_us == 0 || newest->idle_us || now_us - newest->called_us < limit_us) return;
        atomic_store_explicit(&client->audio.suspended, true, memory_order_relaxed);
        newest->called_us = 0; /* once for each time */
        return;
    }
    newest->calls = calls;
    newest->called_us = now_us;
    sc_ring_stamp(newest->segment.base, now_us * 1000);
}

static void send_keeps(sc_client *client)
{
    uint8_t data[sizeof(sc_keep) + 256];
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &client->keeps[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SC_SLOT_FULL || slot->since_us == 0 ||
            slot->sent_in == client->session.number)
            continue;
        if (say(client, data, sc_encode_keep(data, sizeof data, &slot->keep))) slot->sent_in = client->session.number;
    }
}

static void age_keeps(sc_client *client, uint64_t now_us)
{
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        sc_keep_slot *slot = &client->keeps[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SC_SLOT_FULL) continue;
        if (slot->since_us == 0) {
            slot->since_us = now_us;
            slot->sent_in = 0;
        }
        if (now_us - slot->since_us < KEEP_LIMIT_US) continue;
        sc_event event = {.kind = SC_EVENT_KEEP_FAILED, .id = slot->keep.id};
        snprintf(event.failed.code, sizeof event.failed.code, "%s", slot->sent_in ? "no_answer" : "no_daemon");
        snprintf(event.failed.message, sizeof event.failed.message, "Nothing is known to be kept: %s for 10 s. Start the Sidechain daemon%s",
                 slot->sent_in ? "the daemon did not answer" : "no daemon was there",
                 slot->sent_in ? " again, and look at its takes." : ", then keep again.");
        sc_client_tell(client, &event);
        atomic_store_explicit(&slot->state, SC_SLOT_FREE, memory_order_release);
    }
}

/* Old generations go once the daemon reads a newer one, or after 30 s. */
static void drop_retired(sc_client *client, uint64_t now_us)
{
    bool newer_attached = false;
    sc_generation **place = &client->generations;
    if (*place && (*place)->idle_us && now_us - (*place)->idle_us >= IDLE_LIMIT_US) sc_generation_retire(*place, now_us);
    while (*place) {
        sc_generation *each = *place;
        const bool over = each->retired_us && (newer_attached || now_us - each->retired_us >= RETIRED_LIMIT_US);
        newer_attached = newer_attached || (each->attached && each->told_in == client->session.number);
        if (!over) {
            place = &each->older;
            continue;
        }
        uint8_t data[64];
        if (client->session.state == SC_LINK_OPEN && each->told_in == client->session.number)
            say(client, data, sc_encode_ring_closed(data, sizeof data, each->identity.generation));
        sc_generation_remove(client, place);
    }
}

static void greet(sc_client *client, uint64_t now_us)
{
    switch (sc_wire_look(client->session.wire)) {
    case SC_WIRE_OPEN: say_hello(client, now_us); break;
    case SC_WIRE_LOST: lose(client, "The daemon has closed the connection.", now_us); break;
    case SC_WIRE_OPENING:
        if (now_us >= client->session.give_up_us) lose(client, "The daemon does not answer.", now_us);
        break;
    }
}

static void check_peer(sc_client *client, uint64_t now_us)
{
    sc_session *session = &client->session;
    if (sc_wire_look(session->wire) == SC_WIRE_LOST) {
        lose(client, "The daemon has closed the connection.", now_us);
    } else if (now_us - session->heard_us >= SC_SILENCE_LIMIT_US) {
        lose(client, "The daemon has not answered for 5 s.", now_us);
    }
}

void sc_session_step(sc_client *client, uint64_t now_us)
{
    static uint8_t data[SC_MAX_MESSAGE_BYTES]; /* there is one worker thread */
    sc_session *session = &client->session;
    static sc_event event;
    size_t bytes;

    /* When we were not called for that long (sleep, a stopped process) nobody could have been heard. */
    if (now_us - session->called_us > SC_SILENCE_LIMIT_US) session->heard_us = now_us;
    session->called_us = now_us;
    stamp(client, now_us);
    while (session->wire && (bytes = sc_wire_receive(session->wire, data, sizeof data)) > 0)
        if (sc_decode(data, bytes, &event)) hear(client, &event, now_us);
    age_keeps(client, now_us);
    if (session->state == SC_LINK_DOWN && now_us >= session->next_attempt_us) connect_to_daemon(client, now_us);
    if (session->state == SC_LINK_CONNECTING) greet(client, now_us);
    if (session->state == SC_LINK_GREETING || session->state == SC_LINK_OPEN) check_peer(client, now_us);
    if (session->state == SC_LINK_OPEN) {
        announce_ring(client);
        send_keeps(client);
        beat(client, now_us);
    }
    sc_window_step(client, now_us);
    sc_preview_step(client, now_us);
    drop_retired(client, now_us);
}

void sc_session_end(sc_client *client, int linger_ms)
{
    uint8_t data[64];
    const bool polite = client->session.state == SC_LINK_OPEN &&
                        say(client, data, sc_encode_goodbye(data, sizeof data));
    close_wire(&client->session, polite ? linger_ms : 0);
}
