#include "worker.h"

#include "platform.h"

#include <pthread.h>

#define STEP_MS 20 /* the longest that a keep waits to be noticed: the audio thread wakes nobody */
#define STACK_BYTES (512u << 10)

/* `lifetime` makes joining and leaving one after the other; `shared` guards what the worker also reads. */
static pthread_mutex_t lifetime = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool runs;
static bool watching_forks;
static sc_served *all;
static sc_served *waiting; /* for room among `all`, the longest waiting first */
static unsigned count;

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

/* Here, once, rather than by a look at the process id in every process(). */
static void forget_in_child(void)
{
    for (sc_served *each = all; each; each = each->next) each->forget(each->whole);
    for (sc_served *each = waiting; each; each = each->next) each->forget(each->whole);
    pthread_mutex_init(&lifetime, NULL);
    pthread_mutex_init(&shared, NULL);
    pthread_cond_init(&left, NULL);
    all = waiting = NULL;
    count = 0;
    runs = false;
}

static void serve(sc_served *served)
{
    served->waits = false;
    served->next = all;
    all = served;
    count++;
}

/* Takes out of the list whoever wants to leave; how many they were. Lock held. */
static unsigned let_go_of(sc_served **place)
{
    unsigned gone = 0;
    while (*place) {
        sc_served *each = *place;
        if (!each->leaving) {
            place = &each->next;
            continue;
        }
        each->leave(each->whole);
        *place = each->next;
        gone++;
        each->leaving = false;
        pthread_cond_broadcast(&left);
    }
    return gone;
}

/* Lets go of whoever wants to leave, and serves in their place who has waited longest. Lock held. */
static void let_go(void)
{
    let_go_of(&waiting);
    count -= let_go_of(&all);
    while (waiting && count < SC_MAX_INSTANCES) {
        sc_served *first = waiting;
        waiting = first->next;
        serve(first);
    }
}

/* One round over all; what to wait for is left in `wires`. Returns their count, 0 to end the thread. */
static size_t step_all(sc_wire **wires)
{
    size_t served = 0;
    sc_worker_lock();
    let_go();
    for (sc_served *each = all; each; each = each->next) wires[served++] = each->step(each->whole, sc_now_ns() / 1000);
    sc_worker_unlock();
    return served;
}

static void *run(void *unused)
{
    sc_wire *wires[SC_MAX_INSTANCES];
    size_t served;
    (void)unused;
    sc_name_this_thread("sidechain");
    while ((served = step_all(wires)) > 0) sc_wire_wait(wires, served, STEP_MS);
    return NULL;
}

void sc_worker_join(sc_served *served)
{
    pthread_mutex_lock(&lifetime);
    sc_worker_lock();
    if (!watching_forks) watching_forks = sc_watch_forks(forget_in_child);
    served->waits = count >= SC_MAX_INSTANCES;
    if (served->waits) {
        sc_served **last = &waiting;
        while (*last) last = &(*last)->next;
        served->next = NULL;
        *last = served;
    } else serve(served);
    if (!runs) runs = sc_start_thread(&thread, STACK_BYTES, run);
    sc_worker_unlock();
    pthread_mutex_unlock(&lifetime);
}

void sc_worker_leave(sc_served *served)
{
    pthread_mutex_lock(&lifetime);
    sc_worker_lock();
    served->leaving = true;
    if (!runs) let_go();
    while (served->leaving) pthread_cond_wait(&left, &shared);
    const bool last = runs && count == 0;
    sc_worker_unlock();
    if (last) {
        pthread_join(thread, NULL);
        runs = false;
    }
    pthread_mutex_unlock(&lifetime);
}
