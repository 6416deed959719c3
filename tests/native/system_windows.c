#include "system.h"

#include "check.h"
#include "security_windows.h"

#include <aclapi.h>
#include <fcntl.h>
#include <io.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static HANDLE handle_of(int fd)
{
    return (HANDLE)_get_osfhandle(fd);
}

static int opened(const char *path, DWORD access, DWORD how)
{
    wchar_t wide[SC_WIDE_UNITS];
    SECURITY_ATTRIBUTES ours;
    CHECK(sc_wide(path, wide, SC_WIDE_UNITS) && sc_make_private(&ours));
    HANDLE file = CreateFileW(wide, access, SHARE_ALL, &ours, how, FILE_ATTRIBUTE_NORMAL, NULL);
    sc_free_private(&ours);
    CHECK(file != INVALID_HANDLE_VALUE);
    return _open_osfhandle((intptr_t)file, _O_BINARY | _O_NOINHERIT);
}

int file_make(const char *path, uint64_t bytes)
{
    const int fd = opened(path, GENERIC_READ | GENERIC_WRITE, CREATE_NEW);
    file_resize(fd, bytes);
    return fd;
}

int file_open(const char *path)
{
    return opened(path, GENERIC_READ, OPEN_EXISTING);
}

static OVERLAPPED at(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)(offset & UINT32_MAX), .OffsetHigh = (DWORD)(offset >> 32)};
}

void file_put(int fd, uint64_t offset, const void *data, size_t bytes)
{
    OVERLAPPED there = at(offset);
    DWORD done;
    CHECK(WriteFile(handle_of(fd), data, (DWORD)bytes, &done, &there) && done == bytes);
}

void file_take(int fd, uint64_t offset, void *data, size_t bytes)
{
    OVERLAPPED there = at(offset);
    DWORD done;
    CHECK(ReadFile(handle_of(fd), data, (DWORD)bytes, &done, &there) && done == bytes);
}

void file_resize(int fd, uint64_t bytes)
{
    CHECK(_chsize_s(fd, (int64_t)bytes) == 0);
}

void file_remove(const char *path)
{
    wchar_t wide[SC_WIDE_UNITS];
    CHECK(sc_wide(path, wide, SC_WIDE_UNITS) && (DeleteFileW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND));
}

bool file_is_locked(int fd)
{
    OVERLAPPED there = at(1ull << 62); /* as bridge/system_windows.py */
    if (!LockFileEx(handle_of(fd), LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &there)) return true;
    there = at(1ull << 62);
    CHECK(UnlockFileEx(handle_of(fd), 0, 1, 0, &there));
    return false;
}

/* Without an access list. */
bool file_open_to_others(const char *path)
{
    wchar_t wide[SC_WIDE_UNITS];
    return sc_wide(path, wide, SC_WIDE_UNITS) &&
           SetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL) == ERROR_SUCCESS;
}

const bool FILES_ARE_POSIX = false;

bool file_make_link(const char *path, const char *target)
{
    (void)path, (void)target;
    return false;
}

bool file_make_fifo(const char *path)
{
    (void)path;
    return false;
}

void pause_ms(long ms)
{
    Sleep((DWORD)ms);
}
