/* test_realtime RUN_DIR: what process(), keep() and mix() call on the audio thread, between two markers. The markers are
   calls of getppid, so that `strace -f` of this program shows the system calls in between; there must be none.
   Prints "calls=N faults=N" and what shows that something was counted; exits 0 whatever N is, the driver judges. Linked with trap.c. The faulty twin of this
   program is linked with fault.c, which allocates, locks and writes: it proves that the trap catches. */
#define _GNU_SOURCE
#define CAPACITY (1u << 17)
#include "return_file.h"
#include "trap.h"

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#define CALLS 100000
#define FRAMES 512

static float left[4 * FRAMES], right[4 * FRAMES], both[2 * FRAMES];

static unsigned long mixed; /* blocks with a preview in them */
static atomic_bool done;

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
        transport.flags &= ~(uint32_t)(SC_TRANSPORT_OFFLINE | SC_TRANSPORT_RECORDING | SC_TRANSPORT_VALID_LOOP);
        transport.ppq = i % 100 == 0 ? 0.0 : transport.ppq + FRAMES * 128.0 / 60.0 / 48000.0;
        transport.bpm = i % 77 == 0 ? __builtin_nan("") : 128.0;
        transport.loop_end_ppq = 4.0 + i % 3;
        if (i % 10 == 3) transport.flags |= SC_TRANSPORT_VALID_LOOP | SC_TRANSPORT_LOOPING;
        if (i % 50 == 9 && i > CALLS / 2) transport.flags |= SC_TRANSPORT_OFFLINE; /* it ends previews */
        if (i % 50 == 7) transport.flags |= SC_TRANSPORT_RECORDING;
        const uint32_t frames = i % 7 == 0 ? 0 : i % 11 == 0 ? 4 * FRAMES : (uint32_t)(i % FRAMES);
        sc_client_process(client, planar, frames, i % 13 == 0 ? NULL : &transport);
        sc_client_process_interleaved(client, both, frames < FRAMES ? frames : FRAMES, &transport);
        float *const out[2] = {left, right};
        if (sc_client_mix(client, out, frames, i % 13 == 0 ? NULL : &transport)) mixed++;
        sc_client_set_preview_gain(client, i % 60 - 60.0);
        if (i % 1000 == 999) sc_client_keep(client, 8, 0.0, true, "a title", NULL);
    }
}

/* The Ring's file is gone: the worker makes another, and the first call between the markers goes on in that. */
static void lose_the_ring(void)
{
    sc_info info;
    char name[sizeof info.run_dir + sizeof info.segment];
    sc_client_info(client, &info);
    snprintf(name, sizeof name, "%s/%s", info.run_dir, info.segment);
    CHECK(unlink(name) == 0);
    while (!(atomic_load(&client->audio.due) & SC_DUE_MOVE)) pause_ms(1); /* the driver has a limit */
}

static void *audio_thread(void *unused)
{
    (void)unused;
    perform(30); /* this thread's stack, and the pages of the code */
    const uint64_t left_generation = atomic_load(&client->keep_generation);
    lose_the_ring();
    const long before = faults();
    getppid();
    trap_arm();
    perform(CALLS);
    const long calls = trap_disarm();
    getppid();
    printf("calls=%ld faults=%ld mixed=%lu moved=%d\n", calls, faults() - before, mixed,
           atomic_load(&client->keep_generation) != left_generation);
    atomic_store(&done, true);
    return NULL;
}

/* Waits until no daemon was found, and looks for none again: a lost connection would end the previews. */
static void stay_alone(void)
{
    for (bool alone = false; !alone; pause_ms(1)) {
        sc_worker_lock();
        alone = client->session.state == SC_SESSION_DOWN && client->session.failures > 0;
        if (alone) client->session.next_attempt_us = UINT64_MAX;
        sc_worker_unlock();
    }
}

/* Previews that begin, replace each other, wait for bars, run out of frames and end, all the while. */
static void play_previews(void)
{
    /* The first one is played for a while: the worker would take 20 ms for the next. */
    while (atomic_load(&client->player.taken) < 40000 && !atomic_load(&done)) pause_ms(1);
    for (unsigned n = 1; !atomic_load(&done); n++) {
        const int fd = make_return();
        uint64_t written = CAPACITY / 2;
        write_frames(fd, 0, written);
        open_preview(n % 3 == 2);
        for (int steps = 0; steps < 20 && !atomic_load(&done); steps++) {
            const struct timespec pause = {.tv_nsec = 2000000};
            nanosleep(&pause, NULL);
            sc_worker_lock();
            const uint64_t copied = client->preview.copied_frames;
            sc_worker_unlock();
            if (copied + CAPACITY / 2 < written) continue;
            write_frames(fd, written, written + CAPACITY / 2);
            written += CAPACITY / 2;
        }
        if (n % 2) put_word(fd, SC_RETURN_END_OFFSET, written);
        if (n % 5 == 4) sc_client_stop_preview(client);
        close_return(fd);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;
    CHECK(argc == 2);
    run_dir = argv[1];
    const sc_config config = {.size = sizeof config, .run_dir = argv[1], .history_frames = 1 << 18};
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, FRAMES), SC_OK);
    stay_alone();
    const int fd = make_return(); /* the first one is there before the host begins */
    write_frames(fd, 0, CAPACITY);
    open_preview(false);
    wait_copied(CAPACITY / 2);
    close_return(fd);
    CHECK_EQUAL(pthread_create(&thread, NULL, audio_thread, NULL), 0);
    play_previews();
    pthread_join(thread, NULL);
    sc_client_destroy(client);
    return 0;
}
