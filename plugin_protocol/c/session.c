#include "session.h"

#include "segment.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_US 2000000u /* as long as the daemon gives a connection to greet */
#define FIRST_BACKOFF_US 250000u
#define LONGEST_BACKOFF_US 5000000u
#define GOODBYE_MS 100

static void close_wire(sc_session *session, int linger_ms)
{
    if (session->wire) sc_wire_close(session->wire, linger_ms);
    session->wire = NULL;
    session->state = SC_SESSION_DOWN;
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

static void lose(sc_session *session, const char *reason, uint64_t now_us)
{
    const bool stood = session->state == SC_SESSION_OPEN;
    close_wire(session, 0);
    if (reason != session->reason) snprintf(session->reason, sizeof session->reason, "%s", reason);
    session->next_attempt_us = now_us + backoff_us(session);
    memset(&session->link, 0, sizeof session->link);
    session->reach_ms = 0;
    if (!stood) return;
    sc_event event = {.kind = SC_EVENT_DISCONNECTED};
    snprintf(event.disconnected.reason, sizeof event.disconnected.reason, "%s", session->reason);
    sc_tell(session->port, &event);
}

/* What arrived ------------------------------------------------------------------------------------------------ */

static void welcomed(sc_session *session, const sc_event *event, uint64_t now_us)
{
    if (session->state != SC_SESSION_GREETING) return;
    session->state = SC_SESSION_OPEN;
    session->number++;
    session->failures = 0;
    session->refusal_told = false;
    session->heartbeat_us = now_us;
    session->reason[0] = '\0';
    sc_tell(session->port, event);
}

/* The session, not a Ring: there is none, or there is none any more. */
static void refused(sc_session *session, const sc_event *event, uint64_t now_us)
{
    if (strcmp(event->refused.code, "state") == 0) { /* the daemon was restarted, or forgot us: greet it again */
        session->state = SC_SESSION_CONNECTING;
        session->give_up_us = now_us + CONNECT_US;
        return;
    }
    if (!session->refusal_told) sc_tell(session->port, event);
    session->refusal_told = true; /* once, not at every attempt; a daemon that was updated will welcome us */
    session->failures = UINT32_MAX / 2;
    lose(session, event->refused.message, now_us);
}

/* What stands of the account and the relay; told when it has changed. */
static void linked(sc_session *session, const sc_event *event)
{
    session->reach_ms = session->link.link.reach_ms = event->link.reach_ms; /* which grows all the time: no news */
    if (memcmp(&session->link, event, sizeof *event) == 0) return;
    session->link = *event;
    sc_tell(session->port, event);
}

/* True when it is for another part. */
static bool is_for_others(sc_session *session, const sc_event *event, uint64_t now_us)
{
    const bool open = session->state == SC_SESSION_OPEN;
    session->heard_us = now_us;
    switch (event->kind) {
    case SC_EVENT_CONNECTED: welcomed(session, event, now_us); return false;
    case SC_EVENT_REFUSED:
        if (open && strcmp(event->refused.code, "state") != 0) return true; /* a Ring was refused; the session stands */
        refused(session, event, now_us);
        return false;
    case SC_EVENT_LINK:
        if (open) linked(session, event);
        return false;
    default: return open; /* else it answers a session that is over */
    }
}

bool sc_session_hear(sc_session *session, sc_event *event, uint64_t now_us)
{
    static uint8_t data[SC_MAX_MESSAGE_BYTES]; /* there is one worker thread */
    size_t bytes;
    while (session->wire && (bytes = sc_wire_receive(session->wire, data, sizeof data)) > 0)
        if (sc_decode(data, bytes, event) && is_for_others(session, event, now_us)) return true;
    return false;
}

/* What is due ------------------------------------------------------------------------------------------------- */

static void connect_to_daemon(sc_session *session, uint64_t now_us)
{
    /* Only a directory that is ours alone may hold the socket we trust. */
    if (sc_run_dir_check(session->run_dir, session->reason, sizeof session->reason))
        session->wire = sc_wire_open(session->run_dir, session->allocator, session->reason, sizeof session->reason);
    if (!session->wire) {
        session->next_attempt_us = now_us + backoff_us(session);
        return;
    }
    session->state = SC_SESSION_CONNECTING;
    session->give_up_us = now_us + CONNECT_US;
}

static void say_hello(sc_session *session, uint64_t now_us)
{
    uint8_t data[sizeof(sc_hello) + 512];
    const size_t bytes = sc_encode_hello(data, sizeof data, session->hello);
    if (bytes == 0 || !sc_wire_send(session->wire, data, bytes)) return;
    session->state = SC_SESSION_GREETING;
    session->renamed = false;
    session->heard_us = now_us; /* the daemon has the whole silence limit to answer */
}

static void greet(sc_session *session, uint64_t now_us)
{
    switch (sc_wire_look(session->wire)) {
    case SC_WIRE_OPEN: say_hello(session, now_us); break;
    case SC_WIRE_LOST: lose(session, "The daemon has closed the connection.", now_us); break;
    case SC_WIRE_OPENING:
        if (now_us >= session->give_up_us) lose(session, "The daemon does not answer.", now_us);
        break;
    }
}

static void check_peer(sc_session *session, uint64_t now_us)
{
    if (sc_wire_look(session->wire) == SC_WIRE_LOST) {
        lose(session, "The daemon has closed the connection.", now_us);
    } else if (now_us - session->heard_us >= SC_SILENCE_LIMIT_US) {
        lose(session, "The daemon has not answered for 5 s.", now_us);
    }
}

void sc_session_step(sc_session *session, uint64_t now_us)
{
    /* When we were not called for that long (sleep, a stopped process) nobody could have been heard. */
    if (now_us - session->called_us > SC_SILENCE_LIMIT_US) session->heard_us = now_us;
    session->called_us = now_us;
    if (session->state == SC_SESSION_DOWN && now_us >= session->next_attempt_us) connect_to_daemon(session, now_us);
    if (session->state == SC_SESSION_CONNECTING) greet(session, now_us);
    if (session->state == SC_SESSION_GREETING || session->state == SC_SESSION_OPEN) check_peer(session, now_us);
}

bool sc_session_say(sc_session *session, const uint8_t *data, size_t bytes)
{
    return session->state == SC_SESSION_OPEN && bytes > 0 && sc_wire_send(session->wire, data, bytes);
}

void sc_session_beat(sc_session *session, sc_heartbeat heartbeat, uint64_t now_us)
{
    uint8_t data[SC_TEXT_BYTES(SC_LINE_CHARACTERS) + SC_REASON_BYTES + 96];
    if (session->state != SC_SESSION_OPEN || (now_us < session->heartbeat_us && !session->renamed)) return;
    heartbeat.track_name = session->renamed ? session->hello->track_name : NULL;
    if (!sc_session_say(session, data, sc_encode_heartbeat(data, sizeof data, &heartbeat))) return;
    session->heartbeat_us = now_us + SC_HEARTBEAT_INTERVAL_US;
    session->renamed = false;
}

void sc_session_end(sc_session *session)
{
    uint8_t data[64];
    const bool polite = sc_session_say(session, data, sc_encode_goodbye(data, sizeof data));
    close_wire(session, polite ? GOODBYE_MS : 0);
}
