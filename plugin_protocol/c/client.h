/* What a client consists of. Only the files that put it together include this: client.c, client_step.c,
   client_preview.c, client_window.c.
   Who may touch what:
     audio   the audio thread's, on cache lines of its own; the atomics of it are read by any thread
     player  the audio thread's half of a preview; who may touch what is said in player.h
     keeps, preview.plays   slots that any thread fills and the worker empties: handed over by each slot's state
     events  worker to main thread: single producer, single consumer
     rings.move   worker to audio thread and back: handed over by its state
     all the rest   under the worker's lock (worker.h), except that settings never change (but for the track's name, which
                    is under the lock too). */
#ifndef SC_CLIENT_H
#define SC_CLIENT_H

#include "events.h"
#include "keeps.h"
#include "messages.h"
#include "player.h"
#include "port.h"
#include "preview.h"
#include "ring.h"
#include "rings.h"
#include "session.h"
#include "window.h"
#include "worker.h"

#include <stdalign.h>
#include <stddef.h>

/* What the audio thread shall do before its next Block. */
enum { SC_DUE_RESUME = 1u << 0, SC_DUE_MOVE = 1u << 1 };

/* It begins on a page, and what the audio thread looks at in each Block lies in that one, up to the counts of events. */
struct sc_client {
    struct { /* side by side: between two calls of process() the caches belong to others */
        alignas(128) atomic_bool live; /* false: inactive, or in a forked child */
        atomic_bool playing;
        /* Bells, rung by the worker, so that a Block in which nothing is up looks at nothing else: */
        atomic_bool told;            /* events wait */
        atomic_bool previewing;      /* a preview plays, or a command waits for the player */
        atomic_bool preview_loading; /* one is asked for */
        atomic_uchar due;            /* SC_DUE_... */
        atomic_uint_least64_t committed; /* end of what the live generation holds */
        sc_ring ring;
    } audio;
    sc_player player;
    alignas(128) atomic_uint_least64_t keep_generation; /* what keep() cuts from; 0: nothing */
    bool forked; /* this process is a child of the one that made the client */
    sc_events events;

    sc_allocator allocator; /* settings */
    sc_hello hello;
    char run_dir[SC_PATH_BYTES];

    sc_port port;
    sc_served served;
    sc_keeps keeps;
    sc_rings rings;
    sc_session session;
    sc_window window;
    sc_preview_link preview;
};

/* Zeroed memory by the client's allocator, or NULL. [main-thread] */
void *sc_client_allocate(sc_client *client, size_t bytes);
void sc_client_release(sc_client *client, void *memory);

/* Generation and commit index that belong together. False when there is nothing, or a new Ring opens right now. [any] */
bool sc_client_cut_here(sc_client *client, uint64_t *generation, uint64_t *at_frame) SC_REALTIME;

/* Goes on in the Ring that is offered, if one is. [audio-thread], or the worker while there is none. */
void sc_client_move(sc_client *client);

/* From here on the audio thread records to `made`. Lock held. */
void sc_client_record_to(sc_client *client, sc_generation *made);

/* The worker's steps for it, and the port of its parts. */
void sc_client_serve(sc_client *client);

/* Gives the player memory for this rate; false when there is none. [main-thread & !process] */
bool sc_client_open_player(sc_client *client, double rate_hz, uint32_t channels);

/* Ends what plays and frees that memory. [main-thread & !process] */
void sc_client_close_player(sc_client *client);

#endif
