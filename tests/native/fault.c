/* Hears the transport as no code may: the linker puts it in the place of sc_timeline_hear (--wrap). */
#define _GNU_SOURCE
#include "timeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

void __real_sc_timeline_hear(sc_timeline *, const sc_transport *, uint64_t, uint32_t, sc_transport_change *);
void __wrap_sc_timeline_hear(sc_timeline *, const sc_transport *, uint64_t, uint32_t, sc_transport_change *);

void __wrap_sc_timeline_hear(sc_timeline *timeline, const sc_transport *transport, uint64_t ring_frame, uint32_t frames,
                             sc_transport_change *change)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    volatile char *volatile memory = malloc(64);
    if (memory[64] == 1) abort(); /* behind its end: for memcheck */
    free((void *)memory);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    if (write(-1, "", 0) >= 0) abort();
    __real_sc_timeline_hear(timeline, transport, ring_frame, frames, change);
}
