#define _GNU_SOURCE
#include "system.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

int file_make(const char *path, uint64_t bytes)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && posix_fallocate(fd, 0, (off_t)bytes) == 0);
    return fd;
}

int file_open(const char *path)
{
    const int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    return fd;
}

void file_put(int fd, uint64_t offset, const void *data, size_t bytes)
{
    CHECK_EQUAL(pwrite(fd, data, bytes, (off_t)offset), (ssize_t)bytes);
}

void file_take(int fd, uint64_t offset, void *data, size_t bytes)
{
    CHECK_EQUAL(pread(fd, data, bytes, (off_t)offset), (ssize_t)bytes);
}

void file_resize(int fd, uint64_t bytes)
{
    CHECK(ftruncate(fd, (off_t)bytes) == 0);
}

void file_remove(const char *path)
{
    CHECK(unlink(path) == 0 || errno == ENOENT);
}

bool file_is_locked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) return true;
    CHECK(flock(fd, LOCK_UN) == 0);
    return false;
}

bool file_open_to_others(const char *path)
{
    return chmod(path, 0644) == 0;
}

const bool FILES_ARE_POSIX = true;

bool file_make_link(const char *path, const char *target)
{
    return symlink(target, path) == 0;
}

bool file_make_fifo(const char *path)
{
    return mkfifo(path, 0600) == 0;
}

void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    nanosleep(&pause, NULL);
}
