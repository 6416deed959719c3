/* platform.h on Windows 10 and later. Tried under Wine. */
#define WIN32_LEAN_AND_MEAN
#include "platform.h"

#include <windows.h>

#include <bcrypt.h>

/* Not QueryPerformanceCounter, which runs on in sleep; bridge/system_windows.py reads the same one. */
uint64_t sc_now_ns(void)
{
    ULONGLONG ticks = 0;
    QueryUnbiasedInterruptTime(&ticks);
    return ticks * 100u;
}

bool sc_random_bytes(void *bytes, size_t count)
{
    return BCryptGenRandom(NULL, bytes, (ULONG)count, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}

uint32_t sc_process_id(void)
{
    return GetCurrentProcessId();
}

uint32_t sc_user_id(void)
{
    return 0; /* users are named by a SID */
}

/* In units of 100 ns since 1601. */
uint64_t sc_process_start(void)
{
    FILETIME made, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user)) return 0;
    return (uint64_t)made.dwHighDateTime << 32 | made.dwLowDateTime;
}

bool sc_start_thread(pthread_t *thread, size_t stack_bytes, void *(*run)(void *))
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setstacksize(&attributes, stack_bytes);
    const bool runs = pthread_create(thread, &attributes, run, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return runs;
}

void sc_name_this_thread(const char *name)
{
    pthread_setname_np(pthread_self(), name);
}

bool sc_watch_forks(void (*in_child)(void))
{
    (void)in_child;
    return true;
}
