/* The reader of a Return Ring, ../return_ring.py: checks its header, says what may be copied. Works on bytes it is
   given; opens and reads no file (segment.h does), and plays nothing (player.h). */
#ifndef SC_RETURN_RING_H
#define SC_RETURN_RING_H

#include "sidechain.h"

typedef struct sc_return_identity {
    uint64_t generation;
    uint64_t capacity_frames; /* a power of two */
    uint32_t channels;
} sc_return_identity;

/* What a plugin expects of a Return Ring that is for it. */
typedef struct sc_return_wanted {
    const uint8_t *instance_id; /* 16 bytes */
    uint64_t generation;
    double sample_rate_hz;
    uint32_t channels;
} sc_return_wanted;

/* The words that change, as read together: `commit` before `reserve`. */
typedef struct sc_return_words {
    uint64_t reserve;
    uint64_t commit;
    uint64_t end; /* UINT64_MAX: not known */
} sc_return_words;

/* Whether `header`, the first SC_RETURN_HEADER_BYTES of a file of `file_bytes`, is a Return Ring as `wanted`: every
   number is bounded before anything is computed from it. [worker-thread] */
bool sc_return_check(const uint8_t *header, uint64_t file_bytes, const sc_return_wanted *wanted,
                     sc_return_identity *identity);

/* Whether an honest daemon could have left these words for a reader that has copied `copied` frames. [worker-thread] */
bool sc_return_words_hold(const sc_return_words *words, uint64_t copied, uint64_t capacity_frames);

#endif
