#include "wav.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_PCM = 1, FORMAT_FLOAT = 3, FORMAT_EXTENSIBLE = 0xFFFE };

static uint32_t little(const uint8_t *bytes, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++) value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

static uint8_t *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        const long size = ftell(file);
        rewind(file);
        *bytes = size > 0 ? (size_t)size : 0;
        if (*bytes) data = malloc(*bytes);
        if (data && fread(data, 1, *bytes, file) != *bytes) {
            free(data);
            data = NULL;
        }
    }
    if (file) fclose(file);
    return data;
}

static float sample_at(const uint8_t *at, unsigned bits, bool is_float)
{
    const uint32_t raw = little(at, bits / 8);
    if (is_float) {
        float value;
        memcpy(&value, &raw, sizeof value);
        return value;
    }
    const int32_t left = (int32_t)(raw << (32 - bits)); /* sign in the top bit, whatever the width */
    return (float)((double)left / 2147483648.0);
}

static const char *convert(const uint8_t *data, size_t bytes, const uint8_t *format, sp_wav *wav)
{
    uint32_t kind = little(format, 2);
    const uint32_t bits = little(format + 14, 2);
    wav->channels = little(format + 2, 2);
    wav->rate_hz = (double)little(format + 4, 4);
    if (kind == FORMAT_EXTENSIBLE) kind = little(format + 24, 2);
    const bool is_float = kind == FORMAT_FLOAT && bits == 32;
    if (!is_float && !(kind == FORMAT_PCM && (bits == 16 || bits == 24 || bits == 32)))
        return "Only PCM of 16, 24 or 32 bits and 32-bit float can be played.";
    if (wav->channels < 1 || wav->channels > 2) return "Only one or two channels can be played.";
    const size_t width = bits / 8, count = bytes / (width * wav->channels) * wav->channels;
    wav->frames = count / wav->channels;
    if (count == 0) return "There are no samples in it.";
    wav->samples = malloc(count * sizeof(float));
    if (!wav->samples) return "There is no memory for it.";
    for (size_t i = 0; i < count; i++) wav->samples[i] = sample_at(data + i * width, bits, is_float);
    return NULL;
}

static const char *parse(const uint8_t *data, size_t bytes, sp_wav *wav)
{
    const uint8_t *format = NULL;
    if (bytes < 12 || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0) return "This is no WAV file.";
    for (size_t at = 12; bytes - at >= 8;) {
        size_t size = little(data + at + 4, 4);
        const uint8_t *body = data + at + 8;
        if (size > bytes - at - 8) size = bytes - at - 8; /* a file that was cut, or written to a pipe */
        if (memcmp(data + at, "fmt ", 4) == 0 && size >= 16) {
            if (little(body, 2) == FORMAT_EXTENSIBLE && size < 40) return "Its format chunk is too short.";
            format = body;
        } else if (memcmp(data + at, "data", 4) == 0) {
            return format ? convert(body, size, format, wav) : "Its data comes before its format.";
        }
        if (size + (size & 1) >= bytes - at - 8) break;
        at += 8 + size + (size & 1);
    }
    return "It has no data chunk.";
}

const char *sp_wav_read(const char *path, sp_wav *wav)
{
    size_t bytes = 0;
    *wav = (sp_wav){0};
    uint8_t *data = read_file(path, &bytes);
    const char *wrong = data ? parse(data, bytes, wav) : "It cannot be read.";
    free(data);
    return wrong;
}

void sp_wav_free(sp_wav *wav)
{
    free(wav->samples);
    wav->samples = NULL;
}
