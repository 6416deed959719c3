/* segment.h where files are as POSIX has them: Linux, and macOS, where nothing of it was run. */
#define _GNU_SOURCE
#include "segment_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fits(int written)
{
    return written > 0 && written < SC_PATH_BYTES;
}

bool sc_run_dir_path(const char *wanted, char path[SC_PATH_BYTES])
{
    const char *own = getenv("SIDECHAIN_RUN_DIR");
    if (!wanted && own && *own) wanted = own;
    return wanted ? fits(snprintf(path, SC_PATH_BYTES, "%s", wanted)) : sc_run_dir_by_login(path);
}

static const char *why_not_ours(int fd)
{
    struct stat found;
    if (fstat(fd, &found) != 0) return strerror(errno);
    if (found.st_uid != geteuid()) return "it belongs to another user";
    if (found.st_mode & 077) return "other users may enter it: chmod it to 0700";
    return NULL;
}

/* A descriptor of the checked directory, or -1. */
static int open_run_dir(const char *path, char *reason, size_t reason_bytes)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        snprintf(reason, reason_bytes, "The run directory %.150s cannot be made: %s.", path, strerror(errno));
        return -1;
    }
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const char *why = fd >= 0                               ? why_not_ours(fd)
                      : errno == ENOTDIR || errno == ELOOP ? "it is a link or a file, not a directory"
                                                            : strerror(errno);
    if (!why) return fd;
    snprintf(reason, reason_bytes, "The run directory %.150s is not used: %s.", path, why);
    if (fd >= 0) close(fd);
    return -1;
}

bool sc_run_dir_check(const char *path, char *reason, size_t reason_bytes)
{
    const int fd = open_run_dir(path, reason, reason_bytes);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static int fd_of(const sc_segment *segment)
{
    return (int)segment->file;
}

/* The file that its name means, if that is the one that was made. */
static bool find(const sc_segment *segment, char path[SC_PATH_BYTES], struct stat *found)
{
    struct stat made;
    return fits(snprintf(path, SC_PATH_BYTES, "%s/%s", segment->folder, segment->name)) && lstat(path, found) == 0 &&
           fstat(fd_of(segment), &made) == 0 && made.st_dev == found->st_dev && made.st_ino == found->st_ino;
}

bool sc_segment_stands(const sc_segment *segment)
{
    char path[SC_PATH_BYTES];
    struct stat found;
    return find(segment, path, &found) && !(found.st_mode & 077);
}

static const char *advice(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return "Make room in the run folder, or close some plugins; it is tried again.";
    case EMFILE:
    case ENFILE: return "Close some plugins, or raise the limit of open files; it is tried again.";
    default: return "It is tried again.";
    }
}

static sc_result give_up(sc_segment *segment, const char *what, int error, char *reason, size_t reason_bytes)
{
    snprintf(reason, reason_bytes, "No memory of what you play (%llu MiB): %s: %s. %s",
             (unsigned long long)(segment->bytes >> 20), what, strerror(error), advice(error));
    sc_segment_remove(segment);
    return SC_ERROR_RING;
}

sc_result sc_segment_create(const char *path, const char *name, uint64_t bytes, sc_segment *segment, char *reason,
                            size_t reason_bytes)
{
    const int folder_fd = open_run_dir(path, reason, reason_bytes);
    *segment = (sc_segment){.bytes = bytes, .file = -1, .folder = path};
    if (folder_fd < 0) return SC_ERROR_RUN_DIR;
    snprintf(segment->name, sizeof segment->name, "%s", name);
    segment->file = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    const int made_error = errno;
    close(folder_fd);
    if (segment->file < 0) return give_up(segment, "the file cannot be made", made_error, reason, reason_bytes);
    /* Not LOCK_NB: a daemon that looks for dead writers holds the lock for a moment. */
    if (flock(fd_of(segment), LOCK_EX) != 0)
        return give_up(segment, "the file cannot be locked", errno, reason, reason_bytes);
    const int error = sc_reserve(fd_of(segment), bytes);
    if (error) return give_up(segment, "the space cannot be reserved", error, reason, reason_bytes);
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_of(segment), 0);
    if (base == MAP_FAILED) return give_up(segment, "the file cannot be mapped", errno, reason, reason_bytes);
    segment->base = base;
    memset(base, 0, bytes);
    (void)mlock(base, bytes); /* best effort: usually beyond the limit of an ordinary user, and rarely needed */
    return SC_OK;
}

intptr_t sc_segment_open(const char *path, const char *name, char *reason, size_t reason_bytes)
{
    struct stat found;
    const int folder_fd = open_run_dir(path, reason, reason_bytes);
    if (folder_fd < 0) return -1;
    /* O_NONBLOCK: a FIFO of that name must not hold us up. */
    const int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const char *why = fd < 0 || fstat(fd, &found) != 0 ? strerror(errno)
                      : !S_ISREG(found.st_mode)        ? "it is no plain file"
                                                       : why_not_ours(fd);
    close(folder_fd);
    if (!why) return fd;
    snprintf(reason, reason_bytes, "The preview's memory is not used: %.100s.", why);
    if (fd >= 0) close(fd);
    return -1;
}

uint64_t sc_segment_bytes(intptr_t file)
{
    struct stat found;
    return fstat((int)file, &found) == 0 ? (uint64_t)found.st_size : 0;
}

bool sc_segment_read(intptr_t file, uint64_t offset, void *data, size_t bytes)
{
    uint8_t *to = data;
    while (bytes > 0) {
        const ssize_t got = pread((int)file, to, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return true;
}

void sc_segment_close(intptr_t file)
{
    close((int)file);
}

void sc_segment_remove(sc_segment *segment)
{
    char path[SC_PATH_BYTES];
    struct stat found;
    if (segment->file >= 0 && find(segment, path, &found)) unlink(path);
    if (segment->base) munmap(segment->base, segment->bytes);
    if (segment->file >= 0) close(fd_of(segment));
    *segment = (sc_segment){.file = -1};
}
