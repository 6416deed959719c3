/* test_client_posix RUN_DIR: the client without a daemon, in a directory that does not exist yet: what POSIX alone has. */
#define _GNU_SOURCE
#include "alone.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void a_ring_is_private_locked_whole_and_unlinked(void)
{
    struct stat found;
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    const sc_info info = info_of(client);
    CHECK(info.recording && info.generation != 0 && !info.connected && info.reason[0] == '\0');
    CHECK_EQUAL(info.capacity_frames, 8192);
    CHECK_EQUAL(strlen(info.segment), 25);
    CHECK(stat(run_dir, &found) == 0 && (found.st_mode & 0777) == 0700);
    CHECK(stat(path_of(&info), &found) == 0 && (found.st_mode & 0777) == 0600);
    CHECK(found.st_blocks * 512 >= found.st_size); /* reserved, not sparse */
    const int fd = open(path_of(&info), O_RDONLY);
    CHECK(flock(fd, LOCK_SH | LOCK_NB) != 0);
    sc_client_destroy(client);
    CHECK_EQUAL(files(run_dir), 0);
    CHECK(flock(fd, LOCK_SH | LOCK_NB) == 0);
    close(fd);
}

static void refused_with(const char *folder, const char *word)
{
    sc_client *client = make(folder);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_ERROR_RUN_DIR);
    CHECK(strstr(info_of(client).reason, word));
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
    sc_client_destroy(client);
}

static void a_run_directory_that_is_not_ours_alone_is_not_used(void)
{
    char path[1024], link_path[1024];
    snprintf(path, sizeof path, "%s/open", run_dir);
    snprintf(link_path, sizeof link_path, "%s/link", run_dir);
    CHECK(mkdir(path, 0755) == 0 && chmod(path, 0755) == 0);
    refused_with(path, "0700");
    CHECK(symlink(run_dir, link_path) == 0);
    refused_with(link_path, "link");
    snprintf(path, sizeof path, "%s/missing/deeper", run_dir);
    refused_with(path, "cannot be made");
    snprintf(path, sizeof path, "%s/open", run_dir);
    CHECK(rmdir(path) == 0 && unlink(link_path) == 0);
    if (geteuid() == 0) { /* only root can make one that belongs to another */
        CHECK(mkdir(path, 0700) == 0 && chown(path, 12345, 12345) == 0);
        refused_with(path, "another user");
        CHECK(rmdir(path) == 0);
    }
}

static void no_room_is_an_answer_not_a_crash(void)
{
    const struct rlimit small = {.rlim_cur = 64 << 10, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    sc_client *client = make(run_dir);
    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0 && setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_ERROR_RING);
    CHECK(strstr(info_of(client).reason, "reserved"));
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK_EQUAL(files(run_dir), 0);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    sc_client_destroy(client);
}

static void a_forked_child_touches_nothing_and_may_begin_anew(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        sc_event event;
        CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
        CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_ERROR_FORKED);
        CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_ERROR_FORKED);
        CHECK(!sc_client_poll_event(client, &event));
        sc_client_destroy(client);
        sc_client *own = make(run_dir);
        CHECK_EQUAL(sc_client_activate(own, 48000.0, 1, 64), SC_OK);
        CHECK_EQUAL(sc_client_process_interleaved(own, samples, 64, NULL), 64);
        sc_client_destroy(own);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(info_of(client).committed_frames, 512);
    CHECK_EQUAL(files(run_dir), 1);
    sc_client_destroy(client);
}

/* As many as the limit lets us have but `left`; `taken` holds them. */
static int take_descriptors(int *taken, int most, int left)
{
    int count = 0, fd;
    while (count < most && (fd = dup(0)) >= 0) taken[count++] = fd;
    CHECK(count > left && count < most);
    for (; left > 0; left--) close(taken[--count]);
    return count;
}

static void with_descriptors_used_up_recording_goes_on_and_says_so(void)
{
    enum { MOST = 256, TRIES = 29 };
    const struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
    int taken[MOST];
    for (int try = 0; try < TRIES; try++) {
        const int left = try <= 12 ? try : 2; /* often where the worker, looking for a daemon, may have one of the two */
        const pid_t child = fork(); /* a limit that was lowered cannot be raised again by everybody */
        if (child == 0) {
            const sc_config config = {.size = sizeof config, .run_dir = run_dir};
            sc_client *client;
            CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
            int count = take_descriptors(taken, MOST, left);
            CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
            const bool records = sc_client_activate(client, 48000.0, 2, 512) == SC_OK;
            CHECK(records || strstr(info_of(client).reason, "open files"));
            CHECK(records == (left >= 2)); /* the Ring's file, and for a moment its folder */
            if (left == 2) { /* the folder's is given back */
                for (int fd; (fd = dup(0)) >= 0;) taken[count++] = fd;
                wait_for_link_reason(client, "open files");
            }
            CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), records ? 512 : 0);
            while (count > 0) close(taken[--count]);
            wait_for_link_reason(client, "No daemon is listening"); /* it has tried again */
            sc_client_destroy(client);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_EQUAL(status, 0);
    }
    CHECK_EQUAL(files(run_dir), 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    run_dir = argv[1];
    RUN(a_ring_is_private_locked_whole_and_unlinked);
    RUN(a_run_directory_that_is_not_ours_alone_is_not_used);
    RUN(no_room_is_an_answer_not_a_crash);
    RUN(a_forked_child_touches_nothing_and_may_begin_anew);
    RUN(with_descriptors_used_up_recording_goes_on_and_says_so);
    return 0;
}
