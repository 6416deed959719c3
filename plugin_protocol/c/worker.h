/* The one worker thread of a process and the list of clients it serves. It starts with the first client and is
   joined when the last one leaves. All signals are blocked in it, so a host's handlers never run there. */
#ifndef SC_WORKER_H
#define SC_WORKER_H

#include "client.h"

/* Adds a client to the list; starts the thread for the first. SC_ERROR_LIMIT when SC_MAX_INSTANCES are there.
   Without a thread (the system has none left) the client records all the same. [main-thread] */
sc_result sc_worker_join(sc_client *client);

/* Says goodbye, waits until the worker has let go of the client, ends the thread after the last. [main-thread] */
void sc_worker_leave(sc_client *client);

/* The lock of everything that main thread and worker share. Never taken on the audio thread. */
void sc_worker_lock(void);
void sc_worker_unlock(void);

/* Whether the thread runs. Lock held. */
bool sc_worker_runs(void);

#endif
