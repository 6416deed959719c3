#include "system.hpp"

#include <cstdio>
#include <unistd.h>

void sys::program_name(char *name, size_t bytes)
{
    char path[4096];
    const ssize_t found = readlink("/proc/self/exe", path, sizeof path), length = found > 0 ? found : 0;
    ssize_t start = length;
    while (start > 0 && path[start - 1] != '/') start--;
    std::snprintf(name, bytes, "%.*s", static_cast<int>(length - start), path + start);
}
