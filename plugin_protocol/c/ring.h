/* The writer of a Ring: formats its header, appends Blocks, changes its state. Works on memory somebody else
   mapped; opens, maps and unlinks nothing. Bytes: ../layout.py, of which layout_gen.h is the C view. */
#ifndef SC_RING_H
#define SC_RING_H

#include "layout_gen.h"
#include "platform.h"
#include "timeline.h"

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

/* What the audio thread needs of a Ring; the shared words first, then its own. */
typedef struct sc_ring {
    uint8_t *base;
    float *audio;
    uint8_t *timeline_slots;
    uint64_t frame_mask;
    uint64_t record_mask;
    uint32_t channels;
    uint32_t max_block_frames;
    uint64_t commit;  /* the writer's own copies: it never reads what it shares */
    uint64_t records;
    uint64_t calls;
    bool frozen;
    sc_timeline timeline;
} sc_ring;

/* CRC-32 of ISO 3309, as in zlib. [any] */
uint32_t sc_crc32(const uint8_t *data, size_t bytes);

/* Bytes of the whole file. [any] */
uint64_t sc_ring_bytes(const sc_ring_identity *identity);

/* Writes the 4096 header bytes in state INIT. `base` is zeroed memory of sc_ring_bytes() bytes. [main-thread] */
void sc_ring_format(uint8_t *base, const sc_ring_identity *identity);

/* Makes `ring` the writer of a formatted Ring. [main-thread] */
void sc_ring_bind(sc_ring *ring, uint8_t *base, const sc_ring_identity *identity);

/* Stores the state word (release). [main-thread & !process] */
void sc_ring_set_state(uint8_t *base, uint32_t state);

/* The state word (acquire). [any] */
uint32_t sc_ring_state(uint8_t *base);

/* One of the header's 64-bit words, by its offset. [any] */
uint64_t sc_ring_word(uint8_t *base, uint32_t offset);

/* Asks for the memory that the next sc_ring_write() will touch. [audio-thread] */
static inline void sc_ring_fetch(const sc_ring *ring)
{
    SC_FETCH(ring->audio + (ring->commit & ring->frame_mask) * ring->channels);
    SC_FETCH(ring->base + SC_RESERVE_OFFSET);
    SC_FETCH(ring->base + SC_COMMIT_OFFSET);
    SC_FETCH(ring->base + SC_PROCESS_COUNT_OFFSET);
    SC_FETCH(ring->base + SC_TIMELINE_COMMIT_OFFSET);
    SC_FETCH(ring->timeline_slots + (ring->records & ring->record_mask) * SC_RECORD_BYTES);
}

/* Appends a Block; see sc_client_process(). Returns the frames recorded. [audio-thread] */
uint32_t sc_ring_write(sc_ring *ring, sc_samples samples, uint32_t frames, const sc_transport *transport,
                       uint64_t now_ns) SC_REALTIME;

#endif
