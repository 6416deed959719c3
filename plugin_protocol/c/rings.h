/* The Rings of a client: one that is recorded to, and older ones that can still be kept from for a while. Makes, announces,
   mends and removes them. Under the worker's lock, but for the functions that say otherwise. */
#ifndef SC_RINGS_H
#define SC_RINGS_H

#include "move.h"
#include "port.h"

/* One generation: from the activate that makes it until it is unlinked. */
typedef struct sc_generation {
    struct sc_generation *older;
    sc_ring_identity identity;
    sc_segment segment;
    uint64_t idle_us;    /* since when the client is inactive; 0: it is not, or the Ring is RETIRED */
    uint64_t retired_us; /* 0: it is the one that is, or will be, recorded to */
    uint64_t calls;      /* of process() when the worker looked last */
    uint64_t called_us;  /* when it last saw that another; 0: never */
    uint64_t announce_us; /* not before: the daemon has refused it */
    uint32_t told_in;    /* number of the session in which it was announced; 0: in none */
    bool attached;       /* by the daemon of that session */
    bool refused;        /* that was told */
} sc_generation;

typedef struct sc_rings {
    const sc_port *port;
    const sc_allocator *allocator;
    const char *run_dir;
    const uint8_t *instance_id; /* 16 bytes */
    uint64_t history_frames;
    sc_generation *newest;
    char reason[SC_REASON_BYTES]; /* why nothing is recorded; "": all is well */
    sc_ring_identity wanted;      /* what could not be made and is tried again; sample_rate_hz 0: nothing is */
    uint64_t retry_us;
    /* A newest one whose file was removed: */
    sc_move move;
    sc_generation *copy; /* what it moves to */
    uint64_t look_us;    /* when to look for the file next; 0: it was just made */
    bool loss_told;      /* that its file is gone and cannot be made again */
} sc_rings;

/* Makes the file of a new generation for `wanted` (its rate, channels and block length), formatted and READY. Takes 5 to
   30 ms; needs no lock. [main-thread] [worker-thread] */
sc_result sc_rings_make(const sc_rings *rings, const sc_ring_identity *wanted, sc_generation **made, char *reason,
                        size_t reason_bytes);

/* What could not be made: sc_rings_retry() tries again. */
void sc_rings_want(sc_rings *rings, const sc_ring_identity *wanted, uint64_t now_us);

/* Puts a generation in front: it is the newest. */
void sc_rings_put(sc_rings *rings, sc_generation *made);

/* Whether the newest one can go on for this rate, channels and block length. */
bool sc_rings_fits(const sc_rings *rings, const sc_ring_identity *wanted);

/* Ends the newest one: RETIRED, from `now_us` on. */
void sc_rings_retire(sc_rings *rings, uint64_t now_us);

/* Unlinks, unmaps and frees all of them. */
void sc_rings_clear(sc_rings *rings);

/* When process() was called last, for the audio thread, which reads no clock. True, once, when it has not been called for
   so long that the host has suspended the plugin. [worker-thread] */
bool sc_rings_stamp(sc_rings *rings, uint64_t now_us);

/* Calls of process() that the newest one has seen. */
uint64_t sc_rings_calls(const sc_rings *rings);

/* Tries again to make what is wanted, when it is time: the Ring, or NULL. [worker-thread] */
sc_generation *sc_rings_retry(sc_rings *rings, uint64_t now_us);

/* Looks whether the newest one's file is still there, and goes on in a new one if not: true when `move` has something for
   the audio thread. [worker-thread] */
bool sc_rings_mend(sc_rings *rings, uint64_t now_us);

/* Announces the newest one, and removes old ones. [worker-thread] */
void sc_rings_step(sc_rings *rings, uint64_t now_us);

/* What the daemon said of a Ring: that it reads it, or refuses it. [worker-thread] */
void sc_rings_attached(sc_rings *rings, const sc_event *event);
void sc_rings_refused(sc_rings *rings, const sc_event *event, uint64_t now_us);

/* Whether the daemon of this session reads the newest one. */
bool sc_rings_are_attached(const sc_rings *rings);

#endif
