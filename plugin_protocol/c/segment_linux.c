#define _GNU_SOURCE
#include "segment_posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static bool fits(int written)
{
    return written > 0 && written < SC_PATH_BYTES;
}

bool sc_run_dir_by_login(char path[SC_PATH_BYTES])
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    char user[64];
    snprintf(user, sizeof user, "/run/user/%u", (unsigned)getuid());
    if (session && *session) return fits(snprintf(path, SC_PATH_BYTES, "%s/sidechain", session));
    if (is_folder(user)) return fits(snprintf(path, SC_PATH_BYTES, "%s/sidechain", user));
    return fits(snprintf(path, SC_PATH_BYTES, "/dev/shm/sidechain-%u", (unsigned)getuid()));
}

/* ftruncate succeeds on a full tmpfs, and the first write to the mapping is then a SIGBUS in the host. */
int sc_reserve(int fd, uint64_t bytes)
{
    return posix_fallocate(fd, 0, (off_t)bytes);
}
