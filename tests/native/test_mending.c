/* test_mending RUN_DIR: Rings that cannot be made, or whose files are removed while hosts play and rest. The worker mends it,
   the audio thread takes part: this runs under ThreadSanitizer too. */
#define _GNU_SOURCE
#include "alone.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What cannot be made when the host asks for it is made when it can be; the driver has a limit. */
static void a_ring_that_could_not_be_made_comes_by_itself(void)
{
    const struct rlimit small = {.rlim_cur = 64 << 10, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    static sc_event event;
    sc_client *client = make(run_dir), *given_up = make(run_dir);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0 && setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_ERROR_RING);
    CHECK_EQUAL(sc_client_activate(given_up, 48000.0, 2, 512), SC_ERROR_RING);
    sc_client_deactivate(given_up);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    while (!sc_client_poll_event(client, &event)) usleep(1000);
    CHECK(event.kind == SC_EVENT_RECORDING && !event.recording.connected);
    CHECK(info_of(client).recording && info_of(client).reason[0] == '\0');
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_OK);
    CHECK_EQUAL(files(run_dir), 1); /* nobody waits for the other one */
    sc_client_destroy(given_up);
    sc_client_destroy(client);
}

static uint64_t written; /* frames; each holds its own number */

static void write_numbers(sc_client *client, uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++) samples[2 * i] = samples[2 * i + 1] = (float)(written + i);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, frames, NULL), frames);
    written += frames;
}

static void holds_the_last_numbers(sc_client *client, uint64_t count)
{
    const sc_info info = info_of(client);
    const sc_ring_identity *identity = &client->rings.newest->identity;
    const int fd = file_open(path_of(&info));
    CHECK_EQUAL(info.committed_frames, written);
    for (uint64_t n = written - count; n < written; n++) {
        float frame[2];
        const uint64_t place = n % identity->capacity_frames * sizeof frame;
        file_take(fd, sc_ring_audio_offset(identity) + place, frame, sizeof frame);
        CHECK(frame[0] == (float)n && frame[1] == (float)n); /* NOLINT: whole numbers below 2^24 */
    }
    close(fd);
}

static void remove_all(const char *folder)
{
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));)
        if (entry->d_name[0] != '.') unlinkat(dirfd(open), entry->d_name, 0);
    if (open) closedir(open);
    CHECK(rmdir(folder) == 0);
}

/* The run directory and all in it is removed, as cleaners do, while one host plays and another rests. */
static void a_ring_that_was_removed_is_made_again_with_all_it_held(void)
{
    static sc_event event;
    sc_client *playing = make(run_dir), *resting = make(run_dir);
    CHECK_EQUAL(sc_client_activate(resting, 48000.0, 2, 512), SC_OK);
    CHECK_EQUAL(sc_client_activate(playing, 48000.0, 2, 512), SC_OK);
    const sc_info left = info_of(playing), rested = info_of(resting);
    written = 0;
    write_numbers(resting, 500);
    sc_client_deactivate(resting);
    written = 0;
    for (int i = 0; i < 20; i++) write_numbers(playing, 500); /* more than it holds */
    remove_all(run_dir);
    while (!sc_client_poll_event(playing, &event)) { /* the host plays on */
        write_numbers(playing, 1 + (uint32_t)written % 97);
        CHECK(written < 1u << 24);
        usleep(1000);
    }
    CHECK(event.kind == SC_EVENT_NOTICE && strstr(event.notice.message, "nothing is lost"));
    CHECK(info_of(playing).recording && info_of(playing).generation != left.generation);
    holds_the_last_numbers(playing, 8192);
    for (int i = 0; i < 40; i++) write_numbers(playing, 300);
    holds_the_last_numbers(playing, 8192);
    CHECK_EQUAL(playing->audio.ring.records, sc_ring_word(playing->audio.ring.base, SC_TIMELINE_COMMIT_OFFSET));
    CHECK_EQUAL(atomic_load(&playing->keep_generation), info_of(playing).generation);
    while (info_of(resting).generation == rested.generation) usleep(1000);
    written = 500;
    holds_the_last_numbers(resting, 500);
    CHECK_EQUAL(sc_client_activate(resting, 48000.0, 2, 512), SC_OK); /* it goes on there */
    write_numbers(resting, 100);
    holds_the_last_numbers(resting, 600);
    sc_client_destroy(playing);
    sc_client_destroy(resting);
    CHECK_EQUAL(files(run_dir), 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    run_dir = argv[1];
    signal(SIGXFSZ, SIG_IGN);
    RUN(a_ring_that_could_not_be_made_comes_by_itself);
    RUN(a_ring_that_was_removed_is_made_again_with_all_it_held);
    return 0;
}
