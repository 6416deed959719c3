/* The window's side of a client: what it asked and what waits for it. All of it is under the worker's lock. */
#ifndef SC_WINDOW_H
#define SC_WINDOW_H

#include "messages.h"

typedef struct sc_ask_slot {
    sc_ask ask; /* id 0: the slot is free */
    uint32_t sent_in;  /* number of the session in which it was sent; 0: in none */
    uint64_t since_us; /* when the worker first saw it; 0: not yet */
} sc_ask_slot;

typedef struct sc_window {
    sc_event *told; /* SC_MAX_TOLD of them while the window is open, else NULL */
    uint32_t head; /* ever put */
    uint32_t tail; /* ever taken */
    uint64_t dropped;
    uint64_t next_id;
    uint32_t shown_in; /* number of the session that knows of `shown`; 0: none */
    bool shown;        /* what that session was told last */
    sc_ask_slot asks[SC_MAX_ASKS];
} sc_window;

/* Puts what was heard where sc_window_poll takes it; nothing while there is no window. Lock held. */
void sc_window_tell(sc_client *client, const sc_event *event);

/* Tells an answer to the window if something waits for it. Lock held. */
void sc_window_answered(sc_client *client, const sc_event *event);

/* Sends what is to be sent in an open session, and ends what is too old. Lock held. [worker-thread] */
void sc_window_step(sc_client *client, uint64_t now_us);

#endif
