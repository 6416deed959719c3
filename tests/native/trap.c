#define _GNU_SOURCE
#include "trap.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* glibc's own names of malloc and friends, so that nothing is looked up inside malloc. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void __libc_free(void *memory);

static __thread int armed;
static __thread long calls;

void trap_arm(void)
{
    calls = 0;
    armed = 1;
}

long trap_disarm(void)
{
    armed = 0;
    return calls;
}

void *malloc(size_t bytes)
{
    calls += armed;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    calls += armed;
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    calls += armed;
    return __libc_realloc(memory, bytes);
}

void free(void *memory)
{
    calls += armed;
    __libc_free(memory);
}

/* The rest is passed on to whoever would have been called. */
#define PASS_ON(type, name, parameters, arguments)        \
    type name parameters                                  \
    {                                                     \
        static type(*next) parameters;                    \
        calls += armed;                                   \
        if (!next) {                                      \
            void *found = dlsym(RTLD_NEXT, #name);        \
            __builtin_memcpy(&next, &found, sizeof next); \
        }                                                 \
        return next arguments;                            \
    }

PASS_ON(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
PASS_ON(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
PASS_ON(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex))
PASS_ON(int, pthread_cond_signal, (pthread_cond_t * condition), (condition))
PASS_ON(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
PASS_ON(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex))
PASS_ON(ssize_t, read, (int fd, void *bytes, size_t count), (fd, bytes, count))
PASS_ON(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
PASS_ON(ssize_t, getrandom, (void *bytes, size_t count, unsigned flags), (bytes, count, flags))
PASS_ON(int, close, (int fd), (fd))
PASS_ON(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
PASS_ON(void *, mmap, (void *at, size_t bytes, int protection, int flags, int fd, off_t offset),
        (at, bytes, protection, flags, fd, offset))
PASS_ON(pid_t, getpid, (void), ())
