/* What the library needs of the operating system besides files: time, randomness, who we are.
   One platform_OS.c per system; no #ifdef elsewhere. */
#ifndef SC_PLATFORM_H
#define SC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Marks what the audio thread runs. The linker puts it all side by side: between two Blocks the caches belong to
   others, and a call that is spread over many pages pays for each of them. */
#define SC_AUDIO __attribute__((hot))

/* Part of the function that calls it. */
#define SC_INLINE __attribute__((always_inline)) static inline

/* A condition that seldom holds: what follows from it is put out of the way of the rest. */
#define SC_RARE(condition) __builtin_expect(!!(condition), 0)

/* Asks for the cache line at `address`, to be written soon, and does not wait. Lines that are met one after the other cost
   one trip to memory each, and one walk of the page tables for each page; asked for together, these overlap. */
#define SC_FETCH(address) __builtin_prefetch((address), 1)

/* CLOCK_MONOTONIC in nanoseconds, as of the kernel's last tick (1 to 10 ms ago): all that is told by it is whether
   somebody lives. [any] */
uint64_t sc_now_ns(void);

/* Fills `bytes` with random bytes of the kernel. False when there are none. [main-thread] */
bool sc_random_bytes(void *bytes, size_t count);

uint32_t sc_process_id(void);
uint32_t sc_user_id(void);

/* When this process started, in clock ticks after boot (field 22 of /proc/self/stat): with the pid it names a
   process for good, where a pid alone is used again. 0 when unknown. [main-thread] */
uint64_t sc_process_start(void);

#endif
