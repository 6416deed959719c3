/* What the tests do with files and time, on each system: system_posix.c, system_windows.c. Whatever fails ends the program,
   but for what a system has not, which is false. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* A descriptor, for close(): a new file of so many bytes, ours alone, to read and write; one that is there, to read. */
int file_make(const char *path, uint64_t bytes);
int file_open(const char *path);

void file_put(int fd, uint64_t offset, const void *data, size_t bytes);
void file_take(int fd, uint64_t offset, void *data, size_t bytes);
void file_resize(int fd, uint64_t bytes);
void file_remove(const char *path);

/* Whether somebody holds the lock that says "the writer lives". */
bool file_is_locked(int fd);

bool file_open_to_others(const char *path);

/* Whether there are links and FIFOs that an ordinary user can make. */
extern const bool FILES_ARE_POSIX;
bool file_make_link(const char *path, const char *target);
bool file_make_fifo(const char *path);

void pause_ms(long ms);

#endif
