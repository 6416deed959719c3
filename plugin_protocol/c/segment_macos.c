/* UNTESTED: compiled for macOS 11, never run. */
#define _DARWIN_C_SOURCE
#include "segment_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Not $TMPDIR: a host may have set it. */
bool sc_run_dir_by_login(char path[SC_PATH_BYTES])
{
    char base[SC_PATH_BYTES];
    const size_t got = confstr(_CS_DARWIN_USER_TEMP_DIR, base, sizeof base); /* ends with a slash */
    const int written = got > 0 && got <= sizeof base ? snprintf(path, SC_PATH_BYTES, "%ssidechain", base) : 0;
    return written > 0 && written < SC_PATH_BYTES;
}

int sc_reserve(int fd, uint64_t bytes)
{
    fstore_t wanted = {.fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE, .fst_length = (off_t)bytes};
    if (fcntl(fd, F_PREALLOCATE, &wanted) != 0 || ftruncate(fd, (off_t)bytes) != 0) return errno;
    return 0;
}
