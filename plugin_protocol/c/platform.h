/* What the library needs of the operating system besides files: time, randomness, who we are.
   One platform_OS.c per system; no #ifdef elsewhere. */
#ifndef SC_PLATFORM_H
#define SC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds, through the vDSO. [any] real-time safe */
uint64_t sc_now_ns(void);

/* Fills `bytes` with random bytes of the kernel. False when there are none. [main-thread] */
bool sc_random_bytes(void *bytes, size_t count);

uint32_t sc_process_id(void);
uint32_t sc_user_id(void);

/* When this process started, in clock ticks after boot (field 22 of /proc/self/stat): with the pid it names a
   process for good, where a pid alone is used again. 0 when unknown. [main-thread] */
uint64_t sc_process_start(void);

#endif
