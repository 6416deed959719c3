/* The plugin's side of the session, as ../session.py: hello, welcome, heartbeat, and coming back after a loss. One step at a
   time, never waiting. What is said in an open session is the other parts' business. All of it under the worker's lock. */
#ifndef SC_SESSION_H
#define SC_SESSION_H

#include "messages.h"
#include "port.h"
#include "wire.h"

typedef enum sc_session_state { SC_SESSION_DOWN, SC_SESSION_CONNECTING, SC_SESSION_GREETING, SC_SESSION_OPEN } sc_session_state;

typedef struct sc_session {
    const sc_port *port;
    const sc_allocator *allocator;
    const char *run_dir;
    const sc_hello *hello;
    sc_session_state state;
    sc_wire *wire;     /* NULL while DOWN */
    uint32_t number;   /* counts sessions, from 1 */
    uint32_t failures; /* attempts since the last welcome */
    uint32_t jitter;   /* state of a small random generator, so that many clients do not return together */
    bool renamed;      /* the daemon has not heard hello.track_name yet */
    bool refusal_told;
    uint64_t next_attempt_us;
    uint64_t give_up_us; /* CONNECTING: when to */
    uint64_t called_us;
    uint64_t heard_us;
    uint64_t heartbeat_us;
    sc_event link; /* the last LINK event */
    uint64_t reach_ms; /* what the last answer to a heartbeat said of it */
    char reason[SC_REASON_BYTES];
} sc_session;

/* Takes what arrived: the next that is for another part, or false when there is none. [worker-thread] */
bool sc_session_hear(sc_session *session, sc_event *event, uint64_t now_us);

/* Connects, greets, gives up, loses: what is due. [worker-thread] */
void sc_session_step(sc_session *session, uint64_t now_us);

/* Sends a heartbeat when one is due in an open session, with the track's new name if it has one. [worker-thread] */
void sc_session_beat(sc_session *session, sc_heartbeat heartbeat, uint64_t now_us);

/* Sends a message; false unless the session is open and it was taken. [worker-thread] */
bool sc_session_say(sc_session *session, const uint8_t *data, size_t bytes);

/* Says goodbye and closes. [worker-thread] */
void sc_session_end(sc_session *session);

#endif
