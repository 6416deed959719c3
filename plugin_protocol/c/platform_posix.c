/* The part of platform.h that Linux and macOS have in common. */
#define _GNU_SOURCE
#include "platform_posix.h"

#include <signal.h>
#include <unistd.h>

uint32_t sc_process_id(void)
{
    return (uint32_t)getpid();
}

uint32_t sc_user_id(void)
{
    return (uint32_t)getuid();
}

bool sc_start_thread(pthread_t *thread, size_t stack_bytes, void *(*run)(void *))
{
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setstacksize(&attributes, stack_bytes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the thread */
    const bool runs = pthread_create(thread, &attributes, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return runs;
}

bool sc_watch_forks(void (*in_child)(void))
{
    return pthread_atfork(NULL, NULL, in_child) == 0;
}
