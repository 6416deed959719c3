/* The writer of a Ring: formats its header, appends Blocks, changes its state. Works on memory somebody else
   mapped; opens, maps and unlinks nothing. Bytes: ../layout.py, of which layout_gen.h is the C view. */
#ifndef SC_RING_H
#define SC_RING_H

#include "layout_gen.h"
#include "platform.h"
#include "timeline.h"
#include "interleave.h"

#include <stdatomic.h>

/* The part of the header that is written once. */
typedef struct sc_ring_identity {
    uint8_t instance_id[16];
    uint64_t generation;
    uint32_t writer_pid;
    uint32_t writer_uid;
    uint64_t writer_start;
    double sample_rate_hz;
    uint32_t channels;
    uint32_t max_block_frames;
    uint64_t capacity_frames;   /* a power of two */
    uint32_t timeline_capacity; /* a power of two */
} sc_ring_identity;

/* Where a Block's samples are: interleaved, or one pointer per channel. */
typedef struct sc_samples {
    const float *interleaved;       /* or NULL */
    const float *const *planar;     /* used when `interleaved` is NULL */
} sc_samples;

/* What the audio thread needs of a Ring. What most blocks need of it stands first and side by side. */
typedef struct sc_ring {
    uint8_t *base;
    float *audio;
    uint64_t frame_mask;
    uint32_t channels;
    uint32_t max_block_frames;
    uint64_t commit;  /* the writer's own copies: it never reads what it shares */
    uint64_t calls;
    bool frozen;
    sc_steady steady;
    uint8_t *timeline_slots;
    uint64_t record_mask;
    uint64_t records;
    sc_timeline timeline;
} sc_ring;

/* CRC-32 of ISO 3309, as in zlib. [any] */
uint32_t sc_crc32(const uint8_t *data, size_t bytes);

/* Bytes of the whole file. [any] */
uint64_t sc_ring_bytes(const sc_ring_identity *identity);

/* Where the frames begin in it. [any] */
uint64_t sc_ring_audio_offset(const sc_ring_identity *identity);

/* Writes the 4096 header bytes in state INIT. `base` is zeroed memory of sc_ring_bytes() bytes. [main-thread] */
void sc_ring_format(uint8_t *base, const sc_ring_identity *identity);

/* Makes `ring` the writer of a formatted Ring. [main-thread] */
void sc_ring_bind(sc_ring *ring, uint8_t *base, const sc_ring_identity *identity);

/* The words that change, of a Ring that goes on where that of `from` was at these counts. Readers find it READY.
   [worker-thread] */
void sc_ring_go_on(uint8_t *base, uint8_t *from, uint64_t commit, uint64_t records);

/* The writer goes on at `base`, a Ring with the same sizes that holds all that was written. [audio-thread] */
void sc_ring_move(sc_ring *ring, uint8_t *base) SC_REALTIME;

/* Stores the state word (release). [main-thread & !process] */
void sc_ring_set_state(uint8_t *base, uint32_t state);

/* The state word (acquire). [any] */
uint32_t sc_ring_state(uint8_t *base);

/* One of the header's 64-bit words, by its offset. [any] */
uint64_t sc_ring_word(uint8_t *base, uint32_t offset);

/* Says that process() was called since the last stamp, seen at `now_ns` of CLOCK_MONOTONIC. The audio thread reads no
   clock: five pages that belong to others between two Blocks. [worker-thread] */
void sc_ring_stamp(uint8_t *base, uint64_t now_ns);

/* Nobody knows what was played since the last Block: the next one has GAP. [main-thread & !process] */
void sc_ring_interrupt(sc_ring *ring);

/* process() was not called for long: the next Block has GAP, unless its position shows that the host only stood still.
   [audio-thread] */
void sc_ring_resume(sc_ring *ring) SC_REALTIME;

/* The header's words that the audio thread stores. [audio-thread] */
SC_INLINE void sc_ring_put(sc_ring *ring, uint32_t offset, uint64_t value, memory_order order)
{
    atomic_store_explicit((atomic_uint_least64_t *)(void *)(ring->base + offset), value, order);
}

/* A block of no frames, of too many, or of a host that renders offline or did so a block ago. True: nothing of it is
   recorded. For sc_ring_write(). [audio-thread] */
bool sc_ring_meet(sc_ring *ring, uint32_t frames, bool offline) SC_REALTIME;

/* Hears the transport of the block that was copied but not committed, and says what is to be said. For
   sc_ring_write(). [audio-thread] */
void sc_ring_say(sc_ring *ring, const sc_transport *transport, uint32_t frames) SC_REALTIME;

/* Asks for what sc_ring_say() needs beside that. [audio-thread] */
SC_INLINE void sc_ring_fetch_rest(const sc_ring *ring)
{
    SC_FETCH(ring->timeline_slots + (ring->records & ring->record_mask) * SC_RECORD_BYTES);
    SC_FETCH(ring->base + SC_TIMELINE_COMMIT_OFFSET);
    for (size_t at = 0; at < sizeof ring->timeline; at += 64) SC_FETCH((const char *)&ring->timeline + at);
}

/* Appends a Block; see sc_client_process(). Returns the frames recorded.
   Here, so that it becomes one piece of code with its caller: between two Blocks the caches belong to others, and each
   page that is met anew costs as much as the copy of a small Block. Most blocks call nothing from here. [audio-thread] */
SC_INLINE uint32_t sc_ring_write(sc_ring *ring, sc_samples samples, uint32_t frames, const sc_transport *transport)
{
    const bool offline = transport && (transport->flags & SC_TRANSPORT_OFFLINE);
    uint64_t at = ring->commit & ring->frame_mask;
    SC_FETCH(ring->base + SC_RESERVE_OFFSET);
    SC_FETCH(ring->base + SC_COMMIT_OFFSET);
    SC_FETCH(ring->base + SC_PROCESS_COUNT_OFFSET);
    sc_fetch_ahead(ring->audio + at * ring->channels, (size_t)frames * ring->channels);
    if (SC_RARE(ring->commit >= ring->steady.due)) sc_ring_fetch_rest(ring);
    sc_ring_put(ring, SC_PROCESS_COUNT_OFFSET, ++ring->calls, memory_order_relaxed);
    if (SC_RARE(frames - 1u >= ring->max_block_frames || offline || ring->frozen) && sc_ring_meet(ring, frames, offline))
        return 0;
    for (uint32_t done = 0; done < frames;) { /* one piece, unless the block is too long or goes round the end */
        const uint64_t room = ring->frame_mask + 1 - at;
        uint32_t part = frames - done;
        if (SC_RARE(part > ring->max_block_frames)) part = ring->max_block_frames;
        if (SC_RARE(part > room)) part = (uint32_t)room;
        const uint64_t end = ring->commit + part;
        sc_ring_put(ring, SC_RESERVE_OFFSET, end, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
        float *to = ring->audio + at * ring->channels;
        if (samples.interleaved)
            sc_copy(to, samples.interleaved + (size_t)done * ring->channels, (size_t)part * ring->channels);
        else if (SC_RARE(ring->channels == 1)) sc_copy(to, samples.planar[0] + done, part);
        else sc_interleave(to, samples.planar[0] + done, samples.planar[1] + done, part);
        if (done == 0 && SC_RARE(!sc_steady_holds(&ring->steady, transport, ring->commit))) sc_ring_say(ring, transport, frames);
        sc_ring_put(ring, SC_COMMIT_OFFSET, end, memory_order_release);
        ring->commit = end;
        at = end & ring->frame_mask;
        done += part;
    }
    return frames;
}

#endif
