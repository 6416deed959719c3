/* Writes Return Rings as the daemon does, and says PreviewOpened as the session does, for tests that have neither.
   Wants `client` and `run_dir`. */
#ifndef RETURN_FILE_H
#define RETURN_FILE_H

#include "check.h"
#include "client.h"
#include "layout_gen.h"
#include "preview.h"
#include "system.h"
#include "worker.h"

#include <string.h>

#define RATE_HZ 48000.0
#ifndef CAPACITY
#  define CAPACITY 4096u
#endif

static const char *run_dir;
static sc_client *client;
static char path[2048];
static uint64_t generation = 100;

static float frame_value(uint64_t frame)
{
    return 0.25f + 0.001f * (float)(frame % 251);
}

static void put_word(int fd, uint64_t offset, uint64_t value)
{
    file_put(fd, offset, &value, sizeof value);
}

/* A Return Ring as ../return_ring.py makes it, without a frame. */
static int make_return(void)
{
    uint8_t header[SC_RETURN_HEADER_BYTES] = {0};
    const uint16_t major = 1;
    const uint32_t header_bytes = SC_RETURN_HEADER_BYTES, two = 2, format = SC_SAMPLE_FORMAT_F32;
    const uint64_t capacity = CAPACITY, audio_at = SC_RETURN_HEADER_BYTES, total = audio_at + CAPACITY * 8;
    const double rate_hz = RATE_HZ;
    generation++;
    memcpy(header, SC_RETURN_MAGIC, 8);
#define FIELD(NAME, value) memcpy(header + SC_RETURN_##NAME##_OFFSET, &(value), sizeof(value))
    FIELD(ABI_MAJOR, major);
    FIELD(HEADER_BYTES, header_bytes);
    memcpy(header + SC_RETURN_INSTANCE_ID_OFFSET, client->hello.instance, 16);
    FIELD(GENERATION, generation);
    FIELD(SAMPLE_RATE_HZ, rate_hz);
    FIELD(CHANNELS, two);
    FIELD(SAMPLE_FORMAT, format);
    FIELD(CAPACITY_FRAMES, capacity);
    FIELD(AUDIO_OFFSET, audio_at);
    FIELD(TOTAL_BYTES, total);
#undef FIELD
    const uint32_t crc = sc_crc32(header, SC_RETURN_IDENTITY_BYTES);
    memcpy(header + SC_RETURN_CRC_OFFSET, &crc, sizeof crc);
    const uint64_t no_end = UINT64_MAX;
    memcpy(header + SC_RETURN_END_OFFSET, &no_end, sizeof no_end);
    const uint8_t *id = client->hello.instance;
    snprintf(path, sizeof path, "%s/sdr.%02x%02x%02x%02x%02x%02x.%08x", run_dir, id[0], id[1], id[2], id[3], id[4], id[5],
             (unsigned)generation);
    const int fd = file_make(path, total);
    file_put(fd, 0, header, sizeof header);
    return fd;
}

/* Frames `from` to `to`, as the daemon writes them. */
static void write_frames(int fd, uint64_t from, uint64_t to)
{
    put_word(fd, SC_RETURN_RESERVE_OFFSET, to);
    for (uint64_t n = from; n < to;) {
        float frames[2 * 512];
        uint64_t count = 0;
        for (; count < 512 && n + count < to && (count == 0 || (n + count) % CAPACITY); count++) {
            frames[2 * count] = frame_value(n + count);
            frames[2 * count + 1] = -frame_value(n + count);
        }
        file_put(fd, SC_RETURN_HEADER_BYTES + n % CAPACITY * 8, frames, count * 8);
        n += count;
    }
    put_word(fd, SC_RETURN_COMMIT_OFFSET, to);
}

static void open_preview(bool at_bar)
{
    sc_event event = {.kind = SC_EVENT_PREVIEW_OPENED, .opened = {.generation = generation, .at_bar = at_bar}};
    strcpy(event.opened.kind, "item");
    strcpy(event.opened.target, "a post");
    strcpy(event.opened.segment, strrchr(path, '/') + 1);
    sc_worker_lock();
    sc_preview_hear(&client->preview, &event);
    sc_worker_unlock();
}

/* Waits until the worker has copied `frames` and told the audio thread to begin. */
static void wait_copied(uint64_t frames)
{
    for (int tries = 0; tries < 20000; pause_ms(1), tries++) {
        sc_worker_lock();
        const bool there = client->preview.open && client->preview.begun && client->preview.copied_frames >= frames;
        sc_worker_unlock();
        if (there) return;
    }
    CHECK(!"the worker copied within 20 s");
}

static void close_return(int fd)
{
    if (fd >= 0) close(fd);
    file_remove(path);
}

#endif
