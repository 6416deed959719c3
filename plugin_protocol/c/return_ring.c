#include "return_ring.h"

#include "layout_gen.h"
#include "ring.h"

#include <string.h>

#define MAX_INDEX (1ull << 62)

bool sc_return_check(const uint8_t *header, uint64_t file_bytes, const sc_return_wanted *wanted,
                     sc_return_identity *identity)
{
    uint16_t major;
    uint32_t header_bytes, channels, format, crc;
    uint64_t required, generation, capacity, audio_at, total;
    double rate_hz;
#define FIELD(NAME, value) memcpy(&(value), header + SC_RETURN_##NAME##_OFFSET, sizeof(value))
    FIELD(ABI_MAJOR, major);
    FIELD(HEADER_BYTES, header_bytes);
    FIELD(FEATURES_REQUIRED, required);
    FIELD(GENERATION, generation);
    FIELD(SAMPLE_RATE_HZ, rate_hz);
    FIELD(CHANNELS, channels);
    FIELD(SAMPLE_FORMAT, format);
    FIELD(CAPACITY_FRAMES, capacity);
    FIELD(AUDIO_OFFSET, audio_at);
    FIELD(TOTAL_BYTES, total);
#undef FIELD
    memcpy(&crc, header + SC_RETURN_CRC_OFFSET, sizeof crc);
    /* The rate is compared as bits: the daemon repeats the number it was told. */
    if (memcmp(header, SC_RETURN_MAGIC, 8) != 0 || major != SC_RETURN_ABI_MAJOR ||
        crc != sc_crc32(header, SC_RETURN_IDENTITY_BYTES) || header_bytes != SC_RETURN_HEADER_BYTES || required != 0 ||
        generation != wanted->generation || memcmp(&rate_hz, &wanted->sample_rate_hz, sizeof rate_hz) != 0 ||
        channels != wanted->channels || format != SC_SAMPLE_FORMAT_F32 || audio_at != SC_RETURN_HEADER_BYTES ||
        memcmp(header + SC_RETURN_INSTANCE_ID_OFFSET, wanted->instance_id, 16) != 0)
        return false;
    if (capacity < SC_RETURN_MIN_CAPACITY_FRAMES || capacity > SC_RETURN_MAX_CAPACITY_FRAMES ||
        (capacity & (capacity - 1)) != 0)
        return false;
    if (total != audio_at + capacity * channels * SC_SAMPLE_BYTES || file_bytes < total) return false;
    *identity = (sc_return_identity){.generation = generation, .capacity_frames = capacity, .channels = channels};
    return true;
}

bool sc_return_words_hold(const sc_return_words *words, uint64_t copied, uint64_t capacity_frames)
{
    if (words->reserve >= MAX_INDEX || words->commit > words->reserve || words->commit < copied) return false;
    if (words->reserve - copied > capacity_frames) return false; /* it overwrites what was not copied yet */
    return words->end == UINT64_MAX || (words->end >= words->commit && words->end < MAX_INDEX);
}
