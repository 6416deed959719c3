/* What segment_posix.c leaves to Linux and to macOS. */
#ifndef SC_SEGMENT_POSIX_H
#define SC_SEGMENT_POSIX_H

#include "segment.h"

/* The run directory's path as this login has it. False when it does not fit. [main-thread] */
bool sc_run_dir_by_login(char path[SC_PATH_BYTES]);

/* Gives a new file `bytes` bytes, of which none can be missing later. 0, or an errno. [main-thread] [worker-thread] */
int sc_reserve(int fd, uint64_t bytes);

#endif
