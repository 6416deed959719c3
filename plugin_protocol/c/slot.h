/* A slot that any thread fills and the worker empties: handed over by its state, which begins as 0. Wait-free. */
#ifndef SC_SLOT_H
#define SC_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>

typedef atomic_uint sc_slot;

enum { SC_SLOT_FREE, SC_SLOT_FILLING, SC_SLOT_FULL };

/* True: it was free, and the caller may fill what belongs to it, and must then say so. [any] */
static inline bool sc_slot_claim(sc_slot *slot)
{
    unsigned expected = SC_SLOT_FREE;
    return atomic_compare_exchange_strong_explicit(slot, &expected, SC_SLOT_FILLING, memory_order_acquire,
                                                   memory_order_relaxed);
}

static inline void sc_slot_fill(sc_slot *slot)
{
    atomic_store_explicit(slot, SC_SLOT_FULL, memory_order_release);
}

/* True: what belongs to it is the worker's until that empties it. [worker-thread] */
static inline bool sc_slot_is_full(const sc_slot *slot)
{
    return atomic_load_explicit(slot, memory_order_acquire) == SC_SLOT_FULL;
}

static inline void sc_slot_empty(sc_slot *slot)
{
    atomic_store_explicit(slot, SC_SLOT_FREE, memory_order_release);
}

#endif
