/* UNTESTED: compiled for macOS 11, never run. */
#define _DARWIN_C_SOURCE
#include "platform_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <time.h>
#include <unistd.h>

/* Stands still in sleep, as Python's time.monotonic() does there; CLOCK_MONOTONIC would run on. */
uint64_t sc_now_ns(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW_APPROX);
}

bool sc_random_bytes(void *bytes, size_t count)
{
    arc4random_buf(bytes, count);
    return true;
}

uint64_t sc_process_start(void)
{
    struct kinfo_proc found;
    size_t bytes = sizeof found;
    int who[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
    if (sysctl(who, 4, &found, &bytes, NULL, 0) != 0 || bytes == 0) return 0;
    return (uint64_t)found.kp_proc.p_starttime.tv_sec * 1000000u + (uint64_t)found.kp_proc.p_starttime.tv_usec;
}

void sc_name_this_thread(const char *name)
{
    pthread_setname_np(name);
}

int sc_local_socket(void)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0), on = 1;
    if (fd < 0) return fd;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}
