#include "ring.h"

#include "layout_gen.h"
#include "platform.h"

#include <string.h>

/* Order of one append, and why (the reader's half is ../ring.py):
     1 reserve = end         relaxed: says which old frames are about to be overwritten,
     2 release fence         before any of them is,
     3 copy the samples
     4 write records, timeline_commit (release)
     5 commit = end          release: whoever sees it, sees 3 and 4.
   Each shared word has one writer, so no read-modify-write is needed. */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the layout is little-endian");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must not take a lock");
_Static_assert(sizeof(atomic_uint_least64_t) == 8 && sizeof(atomic_uint_least32_t) == 4, "no padding");

#define PAGE_BYTES 4096u

static atomic_uint_least64_t *word(uint8_t *base, uint32_t offset)
{
    return (atomic_uint_least64_t *)(void *)(base + offset);
}

SC_AUDIO static void put(uint8_t *base, uint32_t offset, uint64_t value)
{
    atomic_store_explicit(word(base, offset), value, memory_order_relaxed);
}

SC_AUDIO static void count(uint8_t *base, uint32_t offset)
{
    put(base, offset, atomic_load_explicit(word(base, offset), memory_order_relaxed) + 1);
}

uint64_t sc_ring_word(uint8_t *base, uint32_t offset)
{
    return atomic_load_explicit(word(base, offset), memory_order_acquire);
}

SC_AUDIO void sc_ring_set_state(uint8_t *base, uint32_t state)
{
    atomic_store_explicit((atomic_uint_least32_t *)(void *)(base + SC_STATE_OFFSET), state, memory_order_release);
}

uint32_t sc_ring_state(uint8_t *base)
{
    return atomic_load_explicit((atomic_uint_least32_t *)(void *)(base + SC_STATE_OFFSET), memory_order_acquire);
}

uint64_t sc_ring_audio_offset(const sc_ring_identity *identity)
{
    const uint64_t end = SC_HEADER_BYTES + (uint64_t)identity->timeline_capacity * SC_RECORD_BYTES;
    return (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

uint64_t sc_ring_bytes(const sc_ring_identity *identity)
{
    return sc_ring_audio_offset(identity) + identity->capacity_frames * identity->channels * SC_SAMPLE_BYTES;
}

/* Bit by bit: it runs once per activation and per preview. */
uint32_t sc_crc32(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

void sc_ring_format(uint8_t *base, const sc_ring_identity *identity)
{
    const uint64_t audio_at = sc_ring_audio_offset(identity), total = sc_ring_bytes(identity), timeline_at = SC_HEADER_BYTES;
    const uint64_t none = 0;
    const uint16_t major = SC_ABI_MAJOR, minor = SC_ABI_MINOR;
    const uint32_t header = SC_HEADER_BYTES, record = SC_RECORD_BYTES, format = SC_SAMPLE_FORMAT_F32,
                   own = SC_IDENTITY_BYTES;
#define FIELD(NAME, value) memcpy(base + SC_IDENTITY_##NAME##_OFFSET, &(value), sizeof(value))
    memset(base, 0, SC_HEADER_BYTES);
    memcpy(base + SC_IDENTITY_MAGIC_OFFSET, SC_MAGIC, 8);
    FIELD(ABI_MAJOR, major);
    FIELD(ABI_MINOR, minor);
    FIELD(HEADER_BYTES, header);
    FIELD(FEATURES_REQUIRED, none);
    FIELD(FEATURES_OPTIONAL, none);
    FIELD(INSTANCE_ID, identity->instance_id);
    FIELD(GENERATION, identity->generation);
    FIELD(WRITER_PID, identity->writer_pid);
    FIELD(WRITER_UID, identity->writer_uid);
    FIELD(WRITER_START, identity->writer_start);
    FIELD(SAMPLE_RATE_HZ, identity->sample_rate_hz);
    FIELD(CHANNELS, identity->channels);
    FIELD(SAMPLE_FORMAT, format);
    FIELD(CAPACITY_FRAMES, identity->capacity_frames);
    FIELD(AUDIO_OFFSET, audio_at);
    FIELD(TIMELINE_OFFSET, timeline_at);
    FIELD(TIMELINE_CAPACITY, identity->timeline_capacity);
    FIELD(RECORD_BYTES, record);
    FIELD(MAX_BLOCK_FRAMES, identity->max_block_frames);
    FIELD(IDENTITY_BYTES, own);
    FIELD(TOTAL_BYTES, total);
#undef FIELD
    const uint32_t crc = sc_crc32(base, SC_IDENTITY_BYTES);
    memcpy(base + SC_CRC_OFFSET, &crc, sizeof crc);
}

void sc_ring_bind(sc_ring *ring, uint8_t *base, const sc_ring_identity *identity)
{
    *ring = (sc_ring){
        .base = base,
        .audio = (float *)(void *)(base + sc_ring_audio_offset(identity)),
        .timeline_slots = base + SC_HEADER_BYTES,
        .frame_mask = identity->capacity_frames - 1,
        .record_mask = identity->timeline_capacity - 1,
        .channels = identity->channels,
        .max_block_frames = identity->max_block_frames,
        .timeline = {.minutes_per_frame = 1.0 / (60.0 * identity->sample_rate_hz)},
    };
}

void sc_ring_go_on(uint8_t *base, uint8_t *from, uint64_t commit, uint64_t records)
{
    static const uint32_t COUNTED[] = {SC_PROCESS_COUNT_OFFSET,   SC_LAST_BLOCK_NS_OFFSET,  SC_DISCONTINUITIES_OFFSET,
                                       SC_OVERSIZE_BLOCKS_OFFSET, SC_OFFLINE_BLOCKS_OFFSET, SC_INVALID_POSITIONS_OFFSET};
    for (size_t i = 0; i < sizeof COUNTED / sizeof *COUNTED; i++) put(base, COUNTED[i], sc_ring_word(from, COUNTED[i]));
    put(base, SC_TIMELINE_COMMIT_OFFSET, records);
    put(base, SC_RESERVE_OFFSET, commit);
    put(base, SC_COMMIT_OFFSET, commit);
    sc_ring_set_state(base, SC_STATE_READY);
}

SC_AUDIO void sc_ring_move(sc_ring *ring, uint8_t *base) SC_REALTIME
{
    ring->audio = (float *)(void *)(base + ((uint8_t *)ring->audio - ring->base));
    ring->timeline_slots = base + (ring->timeline_slots - ring->base);
    ring->base = base;
    if (ring->frozen) sc_ring_set_state(base, SC_STATE_FROZEN);
}

/* A finished record as eight words; a reader that finds any other seq than 2i+2 before or after copying them
   discards its copy. Release stores keep the words behind the odd seq without a fence. */
SC_AUDIO static void write_record(sc_ring *ring, const sc_record *record)
{
    const uint64_t index = ring->records++;
    uint8_t *slot = ring->timeline_slots + (index & ring->record_mask) * SC_RECORD_BYTES;
    uint64_t words[SC_RECORD_BYTES / 8] = {0};
    uint8_t *bytes = (uint8_t *)words;
#define FIELD(NAME, value) memcpy(bytes + SC_RECORD_##NAME##_OFFSET, &(value), sizeof(value))
    FIELD(RING_FRAME, record->ring_frame);
    FIELD(PROJECT_FRAME, record->project_frame);
    FIELD(PPQ, record->ppq);
    FIELD(BPM, record->bpm);
    FIELD(BAR_START_PPQ, record->bar_start_ppq);
    FIELD(HOST_NS, record->host_ns);
    FIELD(BLOCK_FRAMES, record->block_frames);
    FIELD(NUMERATOR, record->numerator);
    FIELD(DENOMINATOR, record->denominator);
    FIELD(FLAGS, record->flags);
#undef FIELD
    put(slot, SC_RECORD_SEQ_OFFSET, 2 * index + 1);
    for (uint32_t at = 8; at < SC_RECORD_BYTES; at += 8)
        atomic_store_explicit(word(slot, at), words[at / 8], memory_order_release);
    atomic_store_explicit(word(slot, SC_RECORD_SEQ_OFFSET), 2 * index + 2, memory_order_release);
}

SC_AUDIO bool sc_ring_meet(sc_ring *ring, uint32_t frames, bool offline) SC_REALTIME
{
    if (frames == 0) return true;
    if (offline || ring->frozen) {
        if (ring->frozen != offline) sc_ring_set_state(ring->base, offline ? SC_STATE_FROZEN : SC_STATE_READY);
        ring->frozen = offline;
        ring->timeline.gap = true;
        ring->steady.due = 0;
    }
    /* A bounce at fifty times real time would overwrite the whole history within a second. */
    if (offline) count(ring->base, SC_OFFLINE_BLOCKS_OFFSET);
    else if (frames > ring->max_block_frames) count(ring->base, SC_OVERSIZE_BLOCKS_OFFSET);
    return offline;
}

SC_AUDIO void sc_ring_say(sc_ring *ring, const sc_transport *transport, uint32_t frames) SC_REALTIME
{
    sc_transport_change change;
    sc_timeline_hear(&ring->timeline, transport, ring->commit, frames, &change);
    sc_timeline_steady(&ring->timeline, transport, ring->commit, &change, &ring->steady);
    if (change.invalid) count(ring->base, SC_INVALID_POSITIONS_OFFSET);
    if (change.discontinuity) count(ring->base, SC_DISCONTINUITIES_OFFSET);
    for (uint32_t i = 0; i < change.count; i++) {
        write_record(ring, &change.records[i]);
        atomic_store_explicit(word(ring->base, SC_TIMELINE_COMMIT_OFFSET), ring->records, memory_order_release);
    }
}

void sc_ring_stamp(uint8_t *base, uint64_t now_ns)
{
    put(base, SC_LAST_BLOCK_NS_OFFSET, now_ns);
}

void sc_ring_interrupt(sc_ring *ring)
{
    ring->timeline.gap |= ring->timeline.started;
    ring->steady.due = 0;
}

SC_AUDIO void sc_ring_resume(sc_ring *ring) SC_REALTIME
{
    ring->timeline.resumed = true;
    ring->steady.due = 0;
}
