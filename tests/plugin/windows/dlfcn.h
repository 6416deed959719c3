/* What the test hosts need of POSIX, on Windows. */
#ifndef DLFCN_H
#define DLFCN_H

#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#  define NOMINMAX
#endif
#include <windows.h>

#include <pthread_time.h>
#include <stdio.h>
#include <string.h>

enum { RTLD_NOW, RTLD_LOCAL = 0 };

static inline void *dlopen(const char *path, int flags)
{
    (void)flags;
    return (void *)LoadLibraryA(path);
}

static inline const char *dlerror(void)
{
    static char text[64];
    snprintf(text, sizeof text, "LoadLibrary: error %lu", GetLastError());
    return text;
}

/* VST3 calls the same entries otherwise here, and the first of them takes nothing; what is passed to it is passed over. */
static inline void *dlsym(void *library, const char *name)
{
    const char *there = strcmp(name, "ModuleEntry") == 0 ? "InitDll" : strcmp(name, "ModuleExit") == 0 ? "ExitDll" : name;
    return (void *)GetProcAddress((HMODULE)library, there);
}

static inline int dlclose(void *library)
{
    return !FreeLibrary((HMODULE)library);
}

/* clock_nanosleep() of winpthreads waits for no monotonic time. */
static inline int sleep_until(const struct timespec *until)
{
    struct timespec now;
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        const double left_ms = (double)(until->tv_sec - now.tv_sec) * 1e3 + (double)(until->tv_nsec - now.tv_nsec) * 1e-6;
        if (left_ms <= 0.0) return 0;
        Sleep(left_ms < 1.0 ? 1 : (DWORD)left_ms);
    }
}
#undef clock_nanosleep
#define clock_nanosleep(clock, flags, until, left) sleep_until(until)

#endif
