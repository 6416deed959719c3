/* UNTESTED: compiled for macOS 11, never run. */
#include "system.hpp"

#include <cstdio>
#include <cstring>
#include <libproc.h>
#include <unistd.h>

void sys::program_name(char *name, size_t bytes)
{
    char path[PROC_PIDPATHINFO_MAXSIZE];
    if (proc_pidpath(getpid(), path, sizeof path) <= 0) path[0] = '\0';
    const char *last = std::strrchr(path, '/');
    std::snprintf(name, bytes, "%s", last ? last + 1 : path);
}
