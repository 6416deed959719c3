/* What the library needs of the operating system besides files: time, randomness, who we are, threads.
   platform_posix.c (with platform_linux.c or platform_macos.c) or platform_windows.c; no #ifdef elsewhere. */
#ifndef SC_PLATFORM_H
#define SC_PLATFORM_H

#include <pthread.h>
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

/* A clock in nanoseconds that nobody sets and that stands still in sleep (SPEC section 2 has its name on each system), as of the
   kernel's last tick (1 to 16 ms ago): all that is told by it is whether somebody lives. [any] */
uint64_t sc_now_ns(void);

/* Fills `bytes` with random bytes of the kernel. False when there are none. [main-thread] */
bool sc_random_bytes(void *bytes, size_t count);

uint32_t sc_process_id(void);
uint32_t sc_user_id(void); /* 0 where users have no numbers */

/* When this process started, in the system's own unit: with the pid it names a process for good, where a pid alone is
   used again. 0 when unknown. [main-thread] */
uint64_t sc_process_start(void);

/* Starts a thread with that much stack, in which none of the host's signal handlers run. [main-thread] */
bool sc_start_thread(pthread_t *thread, size_t stack_bytes, void *(*run)(void *));

/* What debuggers and hosts show of the thread that calls it; at most 15 bytes. */
void sc_name_this_thread(const char *name);

/* Has `in_child` called in every child that this process forks; true where nothing forks. [main-thread] */
bool sc_watch_forks(void (*in_child)(void));

#endif
