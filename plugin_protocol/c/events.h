/* Events from the worker to whoever calls sc_client_poll_event: single producer, single consumer, wait-free. */
#ifndef SC_EVENTS_H
#define SC_EVENTS_H

#include "sidechain.h"

#include <stdatomic.h>

#define SC_EVENTS 32 /* a power of two */

typedef struct sc_events {
    atomic_uint head; /* ever put */
    atomic_uint tail; /* ever taken */
    atomic_uint_least64_t dropped;
    sc_event slots[SC_EVENTS];
} sc_events;

/* Puts an event and rings `bell`; counts it when there is no room. [worker-thread] */
void sc_events_put(sc_events *events, atomic_bool *bell, const sc_event *event);

/* Takes the oldest; false, and `bell` is silent, when none waits. [any one thread at a time] */
bool sc_events_take(sc_events *events, atomic_bool *bell, sc_event *event) SC_REALTIME;

#endif
