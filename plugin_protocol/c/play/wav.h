/* Reads a whole WAV file into float32: PCM of 16, 24 or 32 bits, or 32-bit float; one or two channels. */
#ifndef SP_WAV_H
#define SP_WAV_H

#include <stddef.h>
#include <stdint.h>

typedef struct sp_wav {
    float *samples; /* interleaved, frames * channels; PCM scaled by 2^-(bits-1) */
    uint64_t frames;
    uint32_t channels;
    double rate_hz;
} sp_wav;

/* NULL, or a static sentence that says what is wrong. */
const char *sp_wav_read(const char *path, sp_wav *wav);

void sp_wav_free(sp_wav *wav);

#endif
