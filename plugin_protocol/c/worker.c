#define _GNU_SOURCE
#include "worker.h"

#include "platform.h"
#include "session.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#define STEP_MS 20 /* the longest that a keep waits to be noticed: the audio thread wakes nobody */
#define GOODBYE_MS 100
#define STACK_BYTES (512u << 10)

/* `lifetime` makes joining and leaving one after the other; `shared` guards what the worker also reads. */
static pthread_mutex_t lifetime = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool runs;
static bool watching_forks;
static sc_client *clients;
static unsigned client_count;

void sc_worker_lock(void)
{
    pthread_mutex_lock(&shared);
}

void sc_worker_unlock(void)
{
    pthread_mutex_unlock(&shared);
}

bool sc_worker_runs(void)
{
    return runs;
}

/* The child has our memory but neither our thread nor a right to our sockets and Rings: forget all of it, free
   nothing. Here, once, rather than by a look at the process id in every process(). */
static void forget_in_child(void)
{
    for (sc_client *each = clients; each; each = each->next) {
        each->forked = true;
        atomic_store_explicit(&each->audio.live, false, memory_order_relaxed);
        if (each->session.wire) sc_wire_forget(each->session.wire);
    }
    pthread_mutex_init(&lifetime, NULL);
    pthread_mutex_init(&shared, NULL);
    pthread_cond_init(&left, NULL);
    clients = NULL;
    client_count = 0;
    runs = false;
}

/* Takes out of the list whoever wants to leave. Lock held. */
static void let_go(void)
{
    for (sc_client **place = &clients; *place;) {
        sc_client *each = *place;
        if (!each->leaving) {
            place = &each->next;
            continue;
        }
        sc_session_end(each, GOODBYE_MS);
        *place = each->next;
        client_count--;
        each->leaving = false;
        pthread_cond_broadcast(&left);
    }
}

/* One round over all clients; what to wait for is left in `wires`. Returns their count, 0 to end the thread. */
static size_t step_all(sc_wire **wires)
{
    size_t count = 0;
    sc_worker_lock();
    let_go();
    for (sc_client *each = clients; each; each = each->next) {
        sc_session_step(each, sc_now_ns() / 1000);
        wires[count++] = each->session.wire;
    }
    sc_worker_unlock();
    return count;
}

static void *run(void *unused)
{
    sc_wire *wires[SC_MAX_INSTANCES];
    size_t count;
    (void)unused;
    while ((count = step_all(wires)) > 0) sc_wire_wait(wires, count, STEP_MS);
    return NULL;
}

/* Lock held. */
static void start_thread(void)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the thread */
    runs = pthread_create(&thread, &attributes, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (runs) pthread_setname_np(thread, "sidechain");
}

sc_result sc_worker_join(sc_client *client)
{
    sc_result result = SC_OK;
    pthread_mutex_lock(&lifetime);
    sc_worker_lock();
    if (!watching_forks) watching_forks = pthread_atfork(NULL, NULL, forget_in_child) == 0;
    if (client_count == SC_MAX_INSTANCES) {
        result = SC_ERROR_LIMIT;
    } else {
        client->next = clients;
        clients = client;
        client_count++;
        if (!runs) start_thread();
        if (!runs) snprintf(client->session.reason, SC_REASON_BYTES, "No thread could be started. Recording goes on.");
    }
    sc_worker_unlock();
    pthread_mutex_unlock(&lifetime);
    return result;
}

void sc_worker_leave(sc_client *client)
{
    pthread_mutex_lock(&lifetime);
    sc_worker_lock();
    client->leaving = true;
    if (!runs) let_go();
    while (client->leaving) pthread_cond_wait(&left, &shared);
    const bool last = runs && client_count == 0;
    sc_worker_unlock();
    if (last) {
        pthread_join(thread, NULL);
        runs = false;
    }
    pthread_mutex_unlock(&lifetime);
}
