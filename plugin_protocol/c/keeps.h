/* Keep requests from the call until the answer. */
#ifndef SC_KEEPS_H
#define SC_KEEPS_H

#include "messages.h"
#include "port.h"
#include "slot.h"

typedef struct sc_keep_slot {
    sc_slot state;
    uint32_t sent_in;  /* number of the session in which it was sent; 0: in none */
    uint64_t since_us; /* when the worker first saw it; 0: not yet */
    sc_keep keep;
} sc_keep_slot;

typedef struct sc_keeps {
    const sc_port *port;
    atomic_uint_least64_t next_id; /* begin with 1 */
    sc_keep_slot slots[SC_MAX_KEEPS];
} sc_keeps;

/* Puts a request, all of it but its id filled in, and returns that; 0 when SC_MAX_KEEPS wait. title: or NULL.
   Wait-free. [any] */
uint64_t sc_keeps_put(sc_keeps *keeps, const sc_keep *keep, const char *title) SC_REALTIME;

/* Notes what is new, and ends what has waited for too long. Lock held. [worker-thread] */
void sc_keeps_age(sc_keeps *keeps, uint64_t now_us);

/* Sends what was noted and was not sent in this session. Lock held. [worker-thread] */
void sc_keeps_send(sc_keeps *keeps);

/* Tells the answer to whoever waits for it. Lock held. [worker-thread] */
void sc_keeps_answered(sc_keeps *keeps, const sc_event *event);

#endif
