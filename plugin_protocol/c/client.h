/* What a client consists of, for the files that implement it. Who may touch what:
     audio   the audio thread's, on cache lines of its own; the atomics of it are read by any thread
     player  the audio thread's half of a preview; who may touch what is said in player.h
     keeps, plays   slots that any thread fills and the worker empties: handed over by each slot's state
     events  worker to main thread: single producer, single consumer
     all the rest   under the worker's lock (worker.h), except that `settings` never change (but for the track's
                    name, which is under the lock too). */
#ifndef SC_CLIENT_H
#define SC_CLIENT_H

#include "messages.h"
#include "player.h"
#include "return_ring.h"
#include "ring.h"
#include "segment.h"
#include "window.h"
#include "wire.h"

#include <stdalign.h>
#include <stddef.h>

#define SC_REASON_BYTES 256
#define SC_EVENTS 32 /* a power of two */

/* One generation: from the activate that makes it until it is unlinked. */
typedef struct sc_generation {
    struct sc_generation *older;
    sc_ring_identity identity;
    sc_segment segment;
    uint64_t idle_us;    /* since when the client is inactive; 0: it is not, or the Ring is RETIRED */
    uint64_t retired_us; /* 0: it is the one that is, or will be, recorded to */
    uint64_t calls;      /* of process() when the worker looked last */
    uint64_t called_us;  /* when it last saw that another; 0: never */
    uint32_t told_in;    /* number of the session in which it was announced; 0: in none */
    bool attached;       /* by the daemon of that session */
} sc_generation;

enum { SC_SLOT_FREE, SC_SLOT_FILLING, SC_SLOT_FULL };

/* A keep request from the call until its answer. */
typedef struct sc_keep_slot {
    atomic_uint state;
    uint32_t sent_in;  /* number of the session in which it was sent; 0: in none */
    uint64_t since_us; /* when the worker first saw it; 0: not yet */
    sc_keep keep;
} sc_keep_slot;

typedef enum sc_link_state { SC_LINK_DOWN, SC_LINK_CONNECTING, SC_LINK_GREETING, SC_LINK_OPEN } sc_link_state;

/* The session with the daemon; session.c. */
typedef struct sc_session {
    sc_link_state state;
    sc_wire *wire; /* NULL while DOWN */
    uint32_t number; /* counts sessions, from 1 */
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
    char reason[SC_REASON_BYTES];
} sc_session;

/* A play from the call until the worker takes it. */
typedef struct sc_play_slot {
    atomic_uint state;
    sc_play play;
} sc_play_slot;

/* The worker's half of a preview; preview.c. */
typedef struct sc_preview_link {
    uint64_t asked_id;      /* of the Play that the daemon works at; 0: none */
    uint64_t asked_us;
    uint32_t serial;        /* of the preview that was opened last; serials never repeat */
    bool open;              /* it is not over: `fd` is a Return Ring */
    bool begun, end_told;   /* PLAY, END are in the player's queue */
    int fd;
    sc_return_identity ring;
    uint64_t copied_frames; /* out of the Return Ring */
    uint64_t begin;         /* where its frame 0 lies in the player's queue */
    uint64_t told_us, told_copied;
    sc_preview_state told_state;
    sc_preview_heard farewell; /* the last word on a preview that is over, if it is due */
    bool farewell_due;
    sc_event about; /* as it was opened */
} sc_preview_link;

/* It begins on a page, and what the audio thread looks at in each Block lies in that one, up to the counts of events. */
struct sc_client {
    struct { /* side by side: between two calls of process() the caches belong to others */
        alignas(128) atomic_bool live; /* false: inactive, or in a forked child */
        atomic_bool playing;
        /* Bells, rung by the worker, so that a Block in which nothing is up looks at nothing else: */
        atomic_bool told;            /* events wait */
        atomic_bool previewing;      /* a preview plays, or a command waits for the player */
        atomic_bool preview_loading; /* one is asked for */
        atomic_bool suspended; /* the worker saw no call of process() for SC_SUSPENDED_US; process() clears it */
        atomic_uint_least64_t committed; /* end of what the live generation holds */
        sc_ring ring;
    } audio;
    sc_player player;
    alignas(128) atomic_uint_least64_t keep_generation; /* what keep() cuts from; 0: nothing */
    atomic_uint_least64_t next_keep_id;
    atomic_uint_least64_t next_play_id;
    atomic_uint_least64_t plays_stopped; /* plays with a smaller id are not wanted any more */
    atomic_bool stop_asked;
    bool forked; /* this process is a child of the one that made the client */
    struct {
        atomic_uint head; /* events ever put */
        atomic_uint tail; /* events ever taken */
        atomic_uint_least64_t dropped;
        sc_event slots[SC_EVENTS];
    } events;

    sc_allocator allocator; /* settings */
    uint64_t history_frames;
    sc_hello hello;
    char run_dir[SC_PATH_BYTES];

    sc_keep_slot keeps[SC_MAX_KEEPS];
    sc_play_slot plays[SC_MAX_PLAYS];

    sc_generation *generations; /* newest first */
    sc_session session;
    sc_window window;
    sc_preview_link preview;
    char reason[SC_REASON_BYTES];
    struct sc_client *next; /* in the worker's list */
    bool leaving;
};

/* Puts an event where sc_client_poll_event takes it, and where the window does; counts it when there is no room.
   [worker-thread] */
void sc_client_tell(sc_client *client, const sc_event *event);

/* Ends a Ring: RETIRED, from `now_us` on. Lock held. */
void sc_generation_retire(sc_generation *generation, uint64_t now_us);

/* Zeroed memory by the client's allocator, or NULL. [main-thread] */
void *sc_client_allocate(sc_client *client, size_t bytes);
void sc_client_release(sc_client *client, void *memory);
/* Gives the player memory for this rate; false when there is none. [main-thread & !process] */
bool sc_client_open_player(sc_client *client, double rate_hz, uint32_t channels);

/* Ends what plays and frees that memory. [main-thread & !process] */
void sc_client_close_player(sc_client *client);

/* Unlinks, unmaps and frees the generation at `*place` and takes it out of the list. Lock held. */
void sc_generation_remove(sc_client *client, sc_generation **place);

#endif
