/* A Ring that goes on in another file, without a gap: when its own was removed, nobody can open it any more.
   The worker copies it, and offers the copy when that holds all that was written; the audio thread takes it with its next
   call if nothing was written since, or else misses it, and the worker copies what is new and offers it again. So the
   audio thread moves a few pointers, and copies nothing. */
#ifndef SC_MOVE_H
#define SC_MOVE_H

#include "ring.h"
#include "segment.h"

typedef enum sc_move_state { SC_MOVE_NONE, SC_MOVE_OFFERED, SC_MOVE_TAKEN, SC_MOVE_MISSED } sc_move_state;

typedef struct sc_move {
    atomic_uint state; /* OFFERED: the audio thread's; else the worker's, as is all the rest */
    uint8_t *base;
    uint64_t generation;
    uint64_t calls, commit, records; /* of what was copied */
} sc_move;

/* Brings `to`, a formatted Ring with the same sizes, up to date with `from`, and offers it. False when a file cannot be
   read. [worker-thread] */
bool sc_move_offer(sc_move *move, const sc_segment *from, const sc_segment *to, const sc_ring_identity *identity);

/* Takes what is offered, if anything is: `ring` writes there from now on. Its generation, or 0 when nothing was taken.
   [audio-thread], or the worker while there is none. */
uint64_t sc_move_take(sc_move *move, sc_ring *ring) SC_REALTIME;

#endif
