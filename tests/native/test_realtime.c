/* test_realtime RUN_DIR: what process() and keep() call on the audio thread, between two markers. The markers are
   calls of getppid, so that `strace -f` of this program shows the system calls in between; there must be none.
   Prints "calls=N faults=N"; exits 0 whatever N is, the driver judges. Linked with trap.c. The faulty twin of this
   program is linked with fault.c, whose clock allocates, locks and writes: it proves that the trap catches. */
#define _GNU_SOURCE
#include "check.h"
#include "sidechain.h"
#include "trap.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#define CALLS 20000
#define FRAMES 512

static sc_client *client;
static float left[4 * FRAMES], right[4 * FRAMES], both[2 * FRAMES];

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Every path of process(): planar, interleaved, empty, oversize, offline, loops, jumps, nonsense, keeps. */
static void perform(int rounds)
{
    const float *planar[2] = {left, right};
    sc_transport transport = {.flags = SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM,
                              .bpm = 128.0};
    for (int i = 0; i < rounds; i++) {
        transport.flags &= ~(uint32_t)(SC_TRANSPORT_OFFLINE | SC_TRANSPORT_VALID_LOOP);
        transport.ppq = i % 100 == 0 ? 0.0 : transport.ppq + FRAMES * 128.0 / 60.0 / 48000.0;
        transport.bpm = i % 77 == 0 ? __builtin_nan("") : 128.0;
        transport.loop_end_ppq = 4.0 + i % 3;
        if (i % 10 == 3) transport.flags |= SC_TRANSPORT_VALID_LOOP | SC_TRANSPORT_LOOPING;
        if (i % 50 == 9) transport.flags |= SC_TRANSPORT_OFFLINE;
        const uint32_t frames = i % 7 == 0 ? 0 : i % 11 == 0 ? 4 * FRAMES : (uint32_t)(i % FRAMES);
        sc_client_process(client, planar, frames, i % 13 == 0 ? NULL : &transport);
        sc_client_process_interleaved(client, both, frames < FRAMES ? frames : FRAMES, &transport);
        if (i % 1000 == 999) sc_client_keep(client, 8, 0.0, true, "a title", NULL);
    }
}

static void *audio_thread(void *unused)
{
    (void)unused;
    perform(100); /* this thread's stack, and the pages of the code */
    const long before = faults();
    getppid();
    trap_arm();
    perform(CALLS);
    const long calls = trap_disarm();
    getppid();
    printf("calls=%ld faults=%ld\n", calls, faults() - before);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    CHECK(argc == 2);
    const sc_config config = {.size = sizeof config, .run_dir = argv[1], .history_frames = 1 << 18};
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, FRAMES), SC_OK);
    CHECK_EQUAL(pthread_create(&thread, NULL, audio_thread, NULL), 0);
    pthread_join(thread, NULL);
    sc_client_destroy(client);
    return 0;
}
