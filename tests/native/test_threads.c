/* test_threads RUN_DIR: writer and reader on one mapping, and keeps from many threads; for ThreadSanitizer, which
   sees nothing between two mappings. Two halves:
   records: the writer laps a small timeline flat out; the reader follows each record's seqlock. No lock-step.
   samples: the writer never laps the reader (that copy is a race by design, which the reserve index settles), so
            everything the reader sees must be ordered by the commit index alone. */
#include "check.h"
#include "layout_gen.h"
#include "ring.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define CAPACITY 4096u
#define RECORDS 64u
#define FRAMES 64u
#define BLOCKS 50000u
#define THREADS 4
#define RATE 48000.0

static uint8_t *base;
static sc_ring ring;
static atomic_uint_least64_t read_frames;
static sc_client *client;

static void *write_blocks(void *unused)
{
    float block[FRAMES];
    (void)unused;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        while (i * FRAMES - atomic_load_explicit(&read_frames, memory_order_acquire) > CAPACITY - FRAMES)
            sched_yield(); /* where there are fewer cores than threads, the one waited for needs this one */
        for (uint32_t j = 0; j < FRAMES; j++) block[j] = (float)((i * FRAMES + j) % 100003);
        const sc_transport transport = {.flags = SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_PROJECT_FRAME |
                                                 SC_TRANSPORT_VALID_BAR_START,
                                        .ppq = (double)(i + 1), .project_frame = (int64_t)i * 3,
                                        .bar_start_ppq = (double)i};
        sc_ring_write(&ring, (sc_samples){.interleaved = block}, FRAMES, &transport);
    }
    return NULL;
}

static uint64_t load(const uint8_t *slot, uint32_t offset, memory_order order)
{
    return atomic_load_explicit((const atomic_uint_least64_t *)(const void *)(slot + offset), order);
}

/* Reads record `index` if it is still there; its fields must belong together. */
static bool check_record(uint64_t index)
{
    const uint8_t *slot = base + SC_HEADER_BYTES + index % RECORDS * SC_RECORD_BYTES;
    uint64_t words[SC_RECORD_BYTES / 8];
    double ppq, bar_start_ppq;
    if (load(slot, 0, memory_order_acquire) != 2 * index + 2) return false;
    for (uint32_t at = 8; at < SC_RECORD_BYTES; at += 8) words[at / 8] = load(slot, at, memory_order_acquire);
    if (load(slot, 0, memory_order_relaxed) != 2 * index + 2) return false;
    memcpy(&ppq, &words[SC_RECORD_PPQ_OFFSET / 8], sizeof ppq);
    memcpy(&bar_start_ppq, &words[SC_RECORD_BAR_START_PPQ_OFFSET / 8], sizeof bar_start_ppq);
    const uint64_t block = words[SC_RECORD_RING_FRAME_OFFSET / 8] / FRAMES;
    CHECK_EQUAL(ppq, block + 1);
    CHECK_EQUAL(words[SC_RECORD_PROJECT_FRAME_OFFSET / 8], block * 3);
    CHECK_EQUAL(bar_start_ppq, block);
    return true;
}

static void *read_records(void *seen)
{
    uint64_t *good = seen;
    while (sc_ring_word(base, SC_COMMIT_OFFSET) < (uint64_t)BLOCKS * FRAMES) {
        const uint64_t there = sc_ring_word(base, SC_TIMELINE_COMMIT_OFFSET);
        for (uint64_t i = there > RECORDS ? there - RECORDS : 0; i < there; i++) *good += check_record(i);
        sched_yield();
    }
    return NULL;
}

static void records_and_samples_are_never_torn(void)
{
    const sc_ring_identity identity = {.generation = 1, .sample_rate_hz = RATE, .channels = 1,
                                       .max_block_frames = FRAMES, .capacity_frames = CAPACITY,
                                       .timeline_capacity = RECORDS};
    pthread_t writer, reader;
    uint64_t good = 0, frame = 0;
    base = calloc(1, sc_ring_bytes(&identity));
    sc_ring_format(base, &identity);
    sc_ring_bind(&ring, base, &identity);
    CHECK_EQUAL(pthread_create(&writer, NULL, write_blocks, NULL), 0);
    CHECK_EQUAL(pthread_create(&reader, NULL, read_records, &good), 0);
    while (frame < (uint64_t)BLOCKS * FRAMES) {
        const uint64_t commit = sc_ring_word(base, SC_COMMIT_OFFSET);
        if (frame == commit) sched_yield();
        for (; frame < commit; frame++) CHECK_EQUAL(ring.audio[frame % CAPACITY], frame % 100003);
        atomic_store_explicit(&read_frames, frame, memory_order_release);
    }
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    CHECK(good > 0);
    free(base);
}

static void *keep_often(void *count)
{
    for (int i = 0; i < 2000; i++) *(int *)count += sc_client_keep(client, 8, 0.0, false, "x", NULL) == SC_OK;
    return NULL;
}

static void *process_often(void *unused)
{
    static float samples[FRAMES];
    (void)unused;
    for (int i = 0; i < 20000; i++) sc_client_process_interleaved(client, samples, FRAMES, NULL);
    return NULL;
}

static void keeps_of_many_threads_fill_each_slot_once(const char *run_dir)
{
    const sc_config config = {.size = sizeof config, .run_dir = run_dir, .record_only = true,
                              .history_frames = 4096};
    pthread_t threads[THREADS], audio;
    int kept[THREADS] = {0}, total = 0;
    sc_info info;
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    CHECK_EQUAL(sc_client_activate(client, RATE, 1, FRAMES), SC_OK);
    CHECK_EQUAL(sc_client_process_interleaved(client, (float[FRAMES]){0}, FRAMES, NULL), FRAMES);
    CHECK_EQUAL(pthread_create(&audio, NULL, process_often, NULL), 0);
    for (int i = 0; i < THREADS; i++) CHECK_EQUAL(pthread_create(&threads[i], NULL, keep_often, &kept[i]), 0);
    for (int i = 0; i < 100; i++) sc_client_info(client, &info);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_join(audio, NULL);
    for (int i = 0; i < THREADS; i++) total += kept[i];
    CHECK_EQUAL(total, SC_MAX_KEEPS); /* nobody answers within this test, so no slot is freed */
    sc_client_destroy(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    RUN(records_and_samples_are_never_torn);
    keeps_of_many_threads_fill_each_slot_once(argv[1]);
    return 0;
}
