/* What a part of the client may ask of the whole: to say something to the daemon, to tell something to the host. The parts
   (session, rings, keeps, preview, window) know this and not each other; client.c puts them together. */
#ifndef SC_PORT_H
#define SC_PORT_H

#include "sidechain.h"

#define SC_REASON_BYTES 256 /* of a sentence that says why something is not there */

typedef struct sc_port {
    void *whole;

    /* Number of the session that is open, from 1; 0: none is. A part that must say something once in each session notes
       it. Lock held. */
    uint32_t (*session)(const void *whole);

    /* Sends a message in the open session. False when there is none, `bytes` is 0, or it was not taken: try again in the
       next step. Lock held. [worker-thread] */
    bool (*say)(void *whole, const uint8_t *data, size_t bytes);

    /* Puts an event where sc_client_poll_event and an open window take it. Lock held. */
    void (*tell)(void *whole, const sc_event *event);
} sc_port;

static inline uint32_t sc_session_of(const sc_port *port)
{
    return port->session(port->whole);
}

static inline bool sc_say(const sc_port *port, const uint8_t *data, size_t bytes)
{
    return port->say(port->whole, data, bytes);
}

static inline void sc_tell(const sc_port *port, const sc_event *event)
{
    port->tell(port->whole, event);
}

/* Fills what KEEP_FAILED, PREVIEW_FAILED and ASK_FAILED have in common, and tells it. */
void sc_tell_failed(const sc_port *port, sc_event_kind kind, uint64_t id, const char *code, const char *message);

#endif
