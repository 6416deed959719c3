/* The file of a Ring: where it lies, how it is made, locked, mapped and removed. Knows nothing of its contents.
   segment_posix.c (with segment_linux.c or segment_macos.c) or segment_windows.c. */
#ifndef SC_SEGMENT_H
#define SC_SEGMENT_H

#include "sidechain.h"

#define SC_PATH_BYTES 1024

typedef struct sc_segment {
    uint8_t *base;
    uint64_t bytes;
    intptr_t file; /* a descriptor or handle, which holds the lock that says "the writer lives" */
    const char *folder;
    char name[32];
} sc_segment;

/* Writes the run directory's path for `wanted` (NULL: by the environment, see sc_config.run_dir) to `path`.
   False when it does not fit. Touches no file but /run/user. [main-thread] */
bool sc_run_dir_path(const char *wanted, char path[SC_PATH_BYTES]);

/* Checks the run directory, making it (0700) if it is missing. It must be a directory, no symbolic link, belong to
   this user, and be closed to everybody else. False with a sentence in `reason`. [main-thread] [worker-thread] */
bool sc_run_dir_check(const char *path, char *reason, size_t reason_bytes);

/* Makes, reserves, zeroes, maps and locks `name` in the run directory at `path`. Every page has been written when
   it returns, so that no later write can fault on a missing page or on a full file system. `path` must outlive the
   segment, which holds one descriptor. On failure nothing is left behind and `reason` holds a sentence.
   [main-thread] [worker-thread] */
sc_result sc_segment_create(const char *path, const char *name, uint64_t bytes, sc_segment *segment, char *reason,
                            size_t reason_bytes);

/* Whether the file still is where it was made, and is not open to others: cleaners, and people, remove what lies in /dev/shm
   and /run. [worker-thread] */
bool sc_segment_stands(const sc_segment *segment);

/* Opens `name`, which another process made in the run directory at `path`, for reading: a plain file of this user,
   closed to everybody else, no link. A descriptor or handle, or -1 with a sentence in `reason`. [worker-thread] */
intptr_t sc_segment_open(const char *path, const char *name, char *reason, size_t reason_bytes);

/* Bytes of the file, 0 when that cannot be told. [worker-thread] */
uint64_t sc_segment_bytes(intptr_t file);

/* Copies `bytes` bytes from `offset`; false when the file ends before. It is never mapped: whoever may write it can
   also truncate it, and a mapping would then end in SIGBUS in the host. [worker-thread] */
bool sc_segment_read(intptr_t file, uint64_t offset, void *data, size_t bytes);

/* Lets go of what sc_segment_open gave. [worker-thread] [main-thread] */
void sc_segment_close(intptr_t file);

/* Unlinks, unmaps and unlocks. A reader that has it mapped keeps its pages. [main-thread] [worker-thread] */
void sc_segment_remove(sc_segment *segment);

#endif
