/* Preloaded, it makes clocks of one process wrong by as many seconds as a file says, from one reading to the next:
 * two int64 in native order, for CLOCK_REALTIME and for CLOCK_BOOTTIME. A suspended machine is a BOOTTIME that ran on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int (*right)(clockid_t, struct timespec *);
static const volatile int64_t *wrong_by_s;

__attribute__((constructor)) static void begin(void)
{
    right = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("WRONG_CLOCK");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *mapped = mmap(NULL, 2 * sizeof *wrong_by_s, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) wrong_by_s = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!right) begin();
    const int result = right(clock, now);
    if (result == 0 && wrong_by_s && clock == CLOCK_REALTIME) now->tv_sec += wrong_by_s[0];
    if (result == 0 && wrong_by_s && clock == CLOCK_BOOTTIME) now->tv_sec += wrong_by_s[1];
    return result;
}
