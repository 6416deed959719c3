#include "move.h"

/* Units `first` to `end` of a circular area of `capacity` that begins at `area`. With pread, as any reader: what the audio
   thread overwrites meanwhile is copied again before the copy is taken. */
static bool copy_units(const sc_segment *from, const sc_segment *to, uint64_t area, uint64_t capacity, uint64_t unit_bytes,
                       uint64_t first, uint64_t end)
{
    if (end - first > capacity) first = end - capacity;
    while (first < end) {
        const uint64_t place = first & (capacity - 1);
        const uint64_t count = end - first < capacity - place ? end - first : capacity - place;
        const uint64_t at = area + place * unit_bytes;
        if (!sc_segment_read(from->file, at, to->base + at, count * unit_bytes)) return false;
        first += count;
    }
    return true;
}

bool sc_move_offer(sc_move *move, const sc_segment *from, const sc_segment *to, const sc_ring_identity *identity)
{
    const uint64_t calls = sc_ring_word(from->base, SC_PROCESS_COUNT_OFFSET),
                   commit = sc_ring_word(from->base, SC_COMMIT_OFFSET),
                   records = sc_ring_word(from->base, SC_TIMELINE_COMMIT_OFFSET);
    if (!copy_units(from, to, SC_HEADER_BYTES, identity->timeline_capacity, SC_RECORD_BYTES, move->records, records) ||
        !copy_units(from, to, sc_ring_audio_offset(identity), identity->capacity_frames,
                    identity->channels * SC_SAMPLE_BYTES, move->commit, commit))
        return false;
    sc_ring_go_on(to->base, from->base, commit, records);
    move->base = to->base;
    move->generation = identity->generation;
    move->calls = calls;
    move->commit = commit;
    move->records = records;
    atomic_store_explicit(&move->state, SC_MOVE_OFFERED, memory_order_release);
    return true;
}

SC_AUDIO uint64_t sc_move_take(sc_move *move, sc_ring *ring) SC_REALTIME
{
    if (atomic_load_explicit(&move->state, memory_order_acquire) != SC_MOVE_OFFERED) return 0;
    /* A call that was under way while the worker looked has changed one of these by now. */
    const bool whole = ring->calls == move->calls && ring->commit == move->commit && ring->records == move->records;
    const uint64_t generation = whole ? move->generation : 0;
    if (whole) sc_ring_move(ring, move->base);
    atomic_store_explicit(&move->state, whole ? SC_MOVE_TAKEN : SC_MOVE_MISSED, memory_order_release);
    return generation;
}
