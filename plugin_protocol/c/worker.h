/* The one worker thread of a process and whom it serves. It starts with the first and is joined when the last one leaves.
   All signals are blocked in it, so a host's handlers never run there. */
#ifndef SC_WORKER_H
#define SC_WORKER_H

#include "wire.h"

/* Whom the worker serves: what it does for one, under its lock. */
typedef struct sc_served {
    void *whole;
    /* Does all that is due at `now_us`, never waiting; what it hears the daemon by, or NULL. [worker-thread] */
    sc_wire *(*step)(void *whole, uint64_t now_us);
    /* Says goodbye and lets go of everything that the worker uses. [worker-thread] */
    void (*leave)(void *whole);
    /* In a forked child, which has our memory but neither our thread nor a right to our sockets and Rings: forgets all of
       it, frees nothing. */
    void (*forget)(void *whole);
    /* The worker's own. */
    struct sc_served *next;
    bool leaving;
    bool waits; /* SC_MAX_INSTANCES are served: nothing is done for this one before one of them leaves. Lock held */
} sc_served;

/* Begins to serve, or lets it wait until there is room; starts the thread for the first. Without a thread (the system has none
   left) the client records all the same, and sc_worker_runs() says so. [main-thread] */
void sc_worker_join(sc_served *served);

/* Waits until the worker has let go; ends the thread after the last. [main-thread] */
void sc_worker_leave(sc_served *served);

/* The lock of everything that main thread and worker share. Never taken on the audio thread. */
void sc_worker_lock(void);
void sc_worker_unlock(void);

/* Whether the thread runs. Lock held. */
bool sc_worker_runs(void);

#endif
