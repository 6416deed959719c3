/* bench_ring RUN_DIR ADDRESS LIBZMQ FRAMES SECONDS: what one block costs the thread that hands it over, four ways, as
   a host would call: once per block, waking up each time, with the sample just written and everything else cold.

     copy      memcpy to private memory, walking round an area as large as the Ring's
     ring      sc_client_process_interleaved
     next      the same of another Instance, right behind one whose call is not counted: as hosts do that have several
     interleave  two planar channels interleaved into private memory, likewise
     planar    sc_client_process
     message   zmq_send of the same bytes to a PULL socket in another process

   The six take turns within each block's time, in random order, so that none always follows the same other.
   Prints one JSON object: per way the nanoseconds at p50, p99, p99.9 and the most, then what the trap counted in
   `ring`, `next` and `planar`. Linked with tests/native/trap.c. */
#define _GNU_SOURCE
#include "sidechain.h"
#include "trap.h"
#include "zmq_load.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define RATE_HZ 48000.0
#define HISTORY_FRAMES (1u << 21)
#define MAX_FRAMES 4096u
#define WARM_UP 50
#define CLIENTS 4

enum { COPY, RING, NEXT, WEAVE, PLANAR, MESSAGE, WAYS };

static const char *const NAMES[WAYS] = {"copy", "ring", "next", "interleave", "planar", "message"};

typedef struct bench {
    sc_client *clients[CLIENTS]; /* one Ring for each of ring, planar, next, and the one before next */
    sc_zmq zmq;
    void *socket;
    float *private_area[2]; /* for copy and interleave */
    uint64_t at[WAYS];      /* frames handed over */
    uint32_t frames;
    uint64_t blocks;
    uint32_t *ns[WAYS];
    long calls, faults, dropped;
} bench;

static float both[2 * MAX_FRAMES], left[MAX_FRAMES], right[MAX_FRAMES];

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* What a host has just done when it calls a plugin: written the block. */
static void render(uint32_t frames, uint32_t seed)
{
    for (uint32_t i = 0; i < frames; i++) {
        left[i] = (float)(seed + i);
        right[i] = (float)(seed - i);
        both[2 * i] = left[i];
        both[2 * i + 1] = right[i];
    }
}

static void private_copy(float *area, uint64_t at, uint32_t frames, bool planar)
{
    float *to = area + 2 * (at % HISTORY_FRAMES); /* blocks divide the area: no wrap inside one */
    if (!planar) {
        memcpy(to, both, (size_t)frames * 2 * sizeof(float));
        return;
    }
    for (uint32_t i = 0; i < frames; i++) {
        to[2 * (size_t)i] = left[i];
        to[2 * (size_t)i + 1] = right[i];
    }
}

/* One block, one way; the nanoseconds it took. */
static uint32_t hand_over(bench *b, int way)
{
    const float *channels[2] = {left, right};
    const sc_transport transport = {
        .flags = SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM | SC_TRANSPORT_VALID_METER,
        .numerator = 4, .denominator = 4, .bpm = 128.0, .ppq = (double)b->at[way] * 128.0 / 60.0 / RATE_HZ};
    const bool ours = way == RING || way == NEXT || way == PLANAR;
    if (way == NEXT) sc_client_process_interleaved(b->clients[3], both, b->frames, &transport);
    const long before_faults = faults();
    if (ours) trap_arm();
    const uint64_t before = now_ns();
    if (way == COPY) private_copy(b->private_area[0], b->at[way], b->frames, false);
    else if (way == RING) sc_client_process_interleaved(b->clients[0], both, b->frames, &transport);
    else if (way == NEXT) sc_client_process_interleaved(b->clients[2], both, b->frames, &transport);
    else if (way == WEAVE) private_copy(b->private_area[1], b->at[way], b->frames, true);
    else if (way == PLANAR) sc_client_process(b->clients[1], channels, b->frames, &transport);
    else b->dropped += b->zmq.send(b->socket, both, (size_t)b->frames * 2 * sizeof(float), SC_ZMQ_DONTWAIT) < 0;
    atomic_thread_fence(memory_order_seq_cst); /* a store costs when it leaves the core, not when it is issued */
    const uint64_t after = now_ns();
    if (ours) {
        b->calls += trap_disarm();
        b->faults += faults() - before_faults;
    }
    b->at[way] += b->frames;
    return (uint32_t)(after - before);
}

static void sleep_until(uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

/* A lap takes 43.7 s: what is overwritten has long left the caches. Without this, it would still be there from
   having been made a moment ago. */
static void evict(void)
{
    const size_t bytes = (size_t)256 << 20;
    unsigned char *other = malloc(bytes);
    if (!other) return;
    memset(other, 1, bytes);
    __asm__ volatile("" : : "r"(other) : "memory");
    free(other);
}

static void *run(void *argument)
{
    bench *b = argument;
    evict();
    const double turn_ns = (double)b->frames / RATE_HZ * 1e9 / WAYS;
    int order[WAYS] = {COPY, RING, NEXT, WEAVE, PLANAR, MESSAGE};
    uint32_t random = 1;
    const uint64_t start = now_ns();
    for (uint64_t block = 0; block < b->blocks + WARM_UP; block++) {
        for (int turn = 0; turn < WAYS; turn++) {
            random = random * 1664525u + 1013904223u;
            const int other = turn + (int)((random >> 16) % (uint32_t)(WAYS - turn)), way = order[other];
            order[other] = order[turn];
            order[turn] = way;
            sleep_until(start + (uint64_t)(turn_ns * ((double)block * WAYS + turn)));
            render(b->frames, (uint32_t)block);
            const uint32_t ns = hand_over(b, way);
            if (block >= WARM_UP) b->ns[way][block - WARM_UP] = ns;
            else b->faults = b->calls = 0; /* of this thread's first calls: its stack, the pages of the code */
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(bench *b)
{
    int major, minor, patch;
    b->zmq.version(&major, &minor, &patch);
    printf("{\"libzmq\": \"%d.%d.%d\", \"blocks\": %llu, \"calls\": %ld, \"faults\": %ld, \"dropped\": %ld", major,
           minor, patch, (unsigned long long)b->blocks, b->calls, b->faults, b->dropped);
    for (int way = 0; way < WAYS; way++) {
        qsort(b->ns[way], b->blocks, sizeof(uint32_t), compare);
        const uint64_t last = b->blocks - 1;
        printf(", \"%s\": [%u, %u, %u, %u]", NAMES[way], b->ns[way][last / 2], b->ns[way][last * 99 / 100],
               b->ns[way][last * 999 / 1000], b->ns[way][last]);
    }
    puts("}");
}

static bool prepare(bench *b, char **argv)
{
    char reason[256] = "memory";
    const sc_config config = {.size = sizeof config, .run_dir = argv[1], .record_only = true,
                              .history_frames = HISTORY_FRAMES};
    for (int i = 0; i < CLIENTS; i++) {
        if (sc_client_create(&config, &b->clients[i]) != SC_OK ||
            sc_client_activate(b->clients[i], RATE_HZ, 2, MAX_FRAMES) != SC_OK)
            return false;
    }
    for (int i = 0; i < 2; i++) {
        b->private_area[i] = malloc(HISTORY_FRAMES * 2 * sizeof(float));
        if (!b->private_area[i]) return false;
        memset(b->private_area[i], 1, HISTORY_FRAMES * 2 * sizeof(float)); /* 0 would make it an untouched calloc */
    }
    for (int way = 0; way < WAYS; way++)
        if (!(b->ns[way] = calloc(b->blocks, sizeof(uint32_t)))) return false;
    if (!sc_zmq_load(argv[3], &b->zmq, reason, sizeof reason)) {
        fprintf(stderr, "%s\n", reason);
        return false;
    }
    b->socket = b->zmq.socket(b->zmq.ctx_new(), SC_ZMQ_PUSH);
    const int none = 0;
    b->zmq.setsockopt(b->socket, SC_ZMQ_LINGER, &none, sizeof none);
    return b->zmq.connect(b->socket, argv[2]) == 0;
}

int main(int argc, char **argv)
{
    static bench b;
    pthread_t thread;
    if (argc != 6) return 2;
    b.frames = (uint32_t)atoi(argv[4]);
    b.blocks = (uint64_t)(atof(argv[5]) * RATE_HZ / b.frames);
    if (b.frames < 1 || b.frames > MAX_FRAMES || b.blocks < 1 || !prepare(&b, argv)) return 1;
    if (pthread_create(&thread, NULL, run, &b) != 0) return 1;
    /* A host's audio thread has real-time priority; where we may not have it, the tail is the scheduler's. */
    const struct sched_param priority = {.sched_priority = 10};
    pthread_setschedparam(thread, SCHED_FIFO, &priority);
    pthread_join(thread, NULL);
    report(&b);
    for (int i = 0; i < CLIENTS; i++) sc_client_destroy(b.clients[i]);
    return 0;
}
