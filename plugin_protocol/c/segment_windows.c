/* segment.h on Windows: a file in the run directory, mapped by its writer. Tried under Wine; what is said of NTFS is untested.

   Who lives: the writer holds the lock of one byte far behind the end, which the kernel drops with the process
   (bridge/system_windows.py has the same one). What is mapped can be neither truncated nor removed, so nothing is like
   SIGBUS here, and a file is unmapped before it is removed. */
#include "segment.h"

#include "security_windows.h"

#include <stdio.h>
#include <string.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define LOCK_AT (1ull << 62)
/* FileDispositionInfoEx and its flags, for which mingw-w64 10 has no names. */
#define DISPOSITION_EX ((FILE_INFO_BY_HANDLE_CLASS)21)
#define DELETE_WITH_POSIX_SEMANTICS (1u | 2u)
#define MOST_READ_BYTES (1u << 30)

static HANDLE handle_of(intptr_t file)
{
    return (HANDLE)file;
}

/* The run directory ------------------------------------------------------------------------------------------- */

static bool fits(int written)
{
    return written > 0 && written < SC_PATH_BYTES;
}

static bool variable(const wchar_t *name, char value[SC_PATH_BYTES])
{
    wchar_t wide[SC_PATH_BYTES];
    const DWORD units = GetEnvironmentVariableW(name, wide, SC_PATH_BYTES);
    return units > 0 && units < SC_PATH_BYTES && sc_narrow(wide, value, SC_PATH_BYTES);
}

bool sc_run_dir_path(const char *wanted, char path[SC_PATH_BYTES])
{
    char base[SC_PATH_BYTES];
    if (wanted) return fits(snprintf(path, SC_PATH_BYTES, "%s", wanted));
    if (variable(L"SIDECHAIN_RUN_DIR", path)) return true;
    return variable(L"LOCALAPPDATA", base) && fits(snprintf(path, SC_PATH_BYTES, "%s\\Sidechain\\run", base));
}

/* The folder and the one above it, which the first program of ours may find missing. */
static bool make_folder(wchar_t *wide, SECURITY_ATTRIBUTES *ours)
{
    if (CreateDirectoryW(wide, ours) || GetLastError() == ERROR_ALREADY_EXISTS) return true;
    wchar_t *last = wcsrchr(wide, L'\\');
    if (GetLastError() != ERROR_PATH_NOT_FOUND || !last) return false;
    *last = L'\0';
    const bool above = CreateDirectoryW(wide, ours);
    *last = L'\\';
    return above && CreateDirectoryW(wide, ours);
}

static const char *why_no_folder(HANDLE folder, char *said, size_t said_bytes)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (folder == INVALID_HANDLE_VALUE || !GetFileInformationByHandle(folder, &facts))
        return sc_system_says(GetLastError(), said, said_bytes);
    if (!(facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || (facts.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return "it is a link or a file, not a directory";
    return sc_why_not_private(folder, SE_FILE_OBJECT);
}

bool sc_run_dir_check(const char *path, char *reason, size_t reason_bytes)
{
    wchar_t wide[SC_WIDE_UNITS];
    char said[200];
    SECURITY_ATTRIBUTES ours;
    snprintf(reason, reason_bytes, "The run directory %.150s cannot be made: its name is no text, or this process has no user.", path);
    if (!sc_wide(path, wide, SC_WIDE_UNITS) || !sc_make_private(&ours)) return false;
    const bool made = make_folder(wide, &ours);
    const DWORD error = GetLastError();
    sc_free_private(&ours);
    if (!made) {
        snprintf(reason, reason_bytes, "The run directory %.150s cannot be made: %s.", path, sc_system_says(error, said, sizeof said));
        return false;
    }
    HANDLE folder = CreateFileW(wide, FILE_READ_ATTRIBUTES | READ_CONTROL, SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    const char *why = why_no_folder(folder, said, sizeof said);
    if (why) snprintf(reason, reason_bytes, "The run directory %.150s is not used: %s.", path, why);
    if (folder != INVALID_HANDLE_VALUE) CloseHandle(folder);
    return !why;
}

static bool wide_path(const char *folder, const char *name, wchar_t wide[SC_WIDE_UNITS])
{
    char path[SC_PATH_BYTES + 40];
    const int written = snprintf(path, sizeof path, "%s\\%s", folder, name);
    return written > 0 && (size_t)written < sizeof path && sc_wide(path, wide, SC_WIDE_UNITS);
}

/* Our own ----------------------------------------------------------------------------------------------------- */

bool sc_segment_stands(const sc_segment *segment)
{
    wchar_t wide[SC_WIDE_UNITS];
    BY_HANDLE_FILE_INFORMATION made, found;
    if (!wide_path(segment->folder, segment->name, wide)) return false;
    HANDLE named = CreateFileW(wide, FILE_READ_ATTRIBUTES | READ_CONTROL, SHARE_ALL, NULL, OPEN_EXISTING,
                               FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (named == INVALID_HANDLE_VALUE) return false;
    const bool same = GetFileInformationByHandle(named, &found) && GetFileInformationByHandle(handle_of(segment->file), &made) &&
                      found.dwVolumeSerialNumber == made.dwVolumeSerialNumber && found.nFileIndexHigh == made.nFileIndexHigh &&
                      found.nFileIndexLow == made.nFileIndexLow && !sc_why_not_private(named, SE_FILE_OBJECT);
    CloseHandle(named);
    return same;
}

static const char *advice(DWORD error)
{
    switch (error) {
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return "Make room on that disk, or close some plugins; it is tried again.";
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_TOO_MANY_OPEN_FILES: return "Close some plugins; it is tried again.";
    default: return "It is tried again.";
    }
}

static sc_result give_up(sc_segment *segment, const char *what, char *reason, size_t reason_bytes)
{
    char said[200];
    const DWORD error = GetLastError();
    snprintf(reason, reason_bytes, "No memory of what you play (%llu MiB): %s: %s. %s", (unsigned long long)(segment->bytes >> 20),
             what, sc_system_says(error, said, sizeof said), advice(error));
    sc_segment_remove(segment);
    return SC_ERROR_RING;
}

/* A new file that only we can reach, which the system keeps in memory as long as there is some. */
static HANDLE make_file(const wchar_t *wide)
{
    SECURITY_ATTRIBUTES ours;
    if (!sc_make_private(&ours)) return INVALID_HANDLE_VALUE;
    HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, &ours, CREATE_NEW,
                              FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, NULL);
    const DWORD error = GetLastError();
    sc_free_private(&ours);
    SetLastError(error);
    return file;
}

static bool lock(HANDLE file)
{
    OVERLAPPED at = {.Offset = (DWORD)(LOCK_AT & UINT32_MAX), .OffsetHigh = (DWORD)(LOCK_AT >> 32)};
    return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &at); /* waits: a daemon that looks holds it for a moment */
}

static bool reserve(HANDLE file, uint64_t bytes)
{
    const LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};
    return SetFilePointerEx(file, size, NULL, FILE_BEGIN) && SetEndOfFile(file); /* with its clusters */
}

static uint8_t *map(HANDLE file, uint64_t bytes)
{
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, (DWORD)(bytes >> 32), (DWORD)(bytes & UINT32_MAX), NULL);
    if (!mapping) return NULL;
    void *base = MapViewOfFile(mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, (SIZE_T)bytes);
    const DWORD error = GetLastError();
    CloseHandle(mapping); /* the view holds it */
    SetLastError(error);
    return base;
}

sc_result sc_segment_create(const char *path, const char *name, uint64_t bytes, sc_segment *segment, char *reason,
                            size_t reason_bytes)
{
    wchar_t wide[SC_WIDE_UNITS];
    *segment = (sc_segment){.bytes = bytes, .file = -1, .folder = path};
    if (!sc_run_dir_check(path, reason, reason_bytes) || !wide_path(path, name, wide)) return SC_ERROR_RUN_DIR;
    snprintf(segment->name, sizeof segment->name, "%s", name);
    HANDLE file = make_file(wide);
    if (file == INVALID_HANDLE_VALUE) return give_up(segment, "the file cannot be made", reason, reason_bytes);
    segment->file = (intptr_t)file;
    if (!lock(file)) return give_up(segment, "the file cannot be locked", reason, reason_bytes);
    if (!reserve(file, bytes)) return give_up(segment, "the space cannot be reserved", reason, reason_bytes);
    segment->base = map(file, bytes);
    if (!segment->base) return give_up(segment, "the file cannot be mapped", reason, reason_bytes);
    memset(segment->base, 0, bytes);
    (void)VirtualLock(segment->base, (SIZE_T)bytes); /* best effort: beyond the least working set it fails */
    return SC_OK;
}

/* By its handle, so that it is never another's; its name at once, where the file system can do that (NTFS from Windows 10
   1809 on), else with the last handle. What a window still shows stays, until the daemon finds it unlocked. */
static void remove_file(HANDLE file)
{
    DWORD at_once = DELETE_WITH_POSIX_SEMANTICS;
    FILE_DISPOSITION_INFO gone = {TRUE};
    if (!SetFileInformationByHandle(file, DISPOSITION_EX, &at_once, sizeof at_once))
        (void)SetFileInformationByHandle(file, FileDispositionInfo, &gone, sizeof gone);
}

void sc_segment_remove(sc_segment *segment)
{
    if (segment->base) UnmapViewOfFile(segment->base);
    if (segment->file != -1) {
        remove_file(handle_of(segment->file));
        CloseHandle(handle_of(segment->file));
    }
    *segment = (sc_segment){.file = -1};
}

/* Another's --------------------------------------------------------------------------------------------------- */

static const char *why_no_file(HANDLE file, char *said, size_t said_bytes)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (file == INVALID_HANDLE_VALUE || !GetFileInformationByHandle(file, &facts))
        return sc_system_says(GetLastError(), said, said_bytes);
    if ((facts.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) || GetFileType(file) != FILE_TYPE_DISK)
        return "it is no plain file";
    return sc_why_not_private(file, SE_FILE_OBJECT);
}

intptr_t sc_segment_open(const char *path, const char *name, char *reason, size_t reason_bytes)
{
    wchar_t wide[SC_WIDE_UNITS];
    char said[200];
    if (!sc_run_dir_check(path, reason, reason_bytes) || !wide_path(path, name, wide)) return -1;
    HANDLE file = CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    const char *why = why_no_file(file, said, sizeof said);
    if (!why) return (intptr_t)file;
    snprintf(reason, reason_bytes, "The preview's memory is not used: %.100s.", why);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    return -1;
}

uint64_t sc_segment_bytes(intptr_t file)
{
    LARGE_INTEGER size;
    return GetFileSizeEx(handle_of(file), &size) ? (uint64_t)size.QuadPart : 0;
}

bool sc_segment_read(intptr_t file, uint64_t offset, void *data, size_t bytes)
{
    uint8_t *to = data;
    while (bytes > 0) {
        OVERLAPPED at = {.Offset = (DWORD)(offset & UINT32_MAX), .OffsetHigh = (DWORD)(offset >> 32)}; /* pread() */
        DWORD got = 0;
        if (!ReadFile(handle_of(file), to, (DWORD)(bytes < MOST_READ_BYTES ? bytes : MOST_READ_BYTES), &got, &at) || got == 0)
            return false;
        to += got;
        offset += got;
        bytes -= got;
    }
    return true;
}

void sc_segment_close(intptr_t file)
{
    CloseHandle(handle_of(file));
}
