#include "events.h"

#include "platform.h"

void sc_events_put(sc_events *events, atomic_bool *bell, const sc_event *event)
{
    const unsigned head = atomic_load_explicit(&events->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&events->tail, memory_order_acquire) == SC_EVENTS) {
        atomic_fetch_add_explicit(&events->dropped, 1, memory_order_relaxed);
        return;
    }
    events->slots[head % SC_EVENTS] = *event;
    atomic_store_explicit(&events->head, head + 1, memory_order_release);
    atomic_store_explicit(bell, true, memory_order_release);
}

/* What was put before the bell rang last is seen behind the exchange. */
SC_AUDIO static bool some_wait(sc_events *events, atomic_bool *bell, unsigned tail)
{
    if (tail != atomic_load_explicit(&events->head, memory_order_acquire)) return true;
    atomic_exchange_explicit(bell, false, memory_order_acq_rel);
    if (tail == atomic_load_explicit(&events->head, memory_order_acquire)) return false;
    atomic_store_explicit(bell, true, memory_order_relaxed);
    return true;
}

SC_AUDIO bool sc_events_take(sc_events *events, atomic_bool *bell, sc_event *event) SC_REALTIME
{
    const unsigned tail = atomic_load_explicit(&events->tail, memory_order_relaxed);
    if (!some_wait(events, bell, tail)) return false;
    *event = events->slots[tail % SC_EVENTS];
    atomic_store_explicit(&events->tail, tail + 1, memory_order_release);
    return true;
}
