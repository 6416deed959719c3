/* system.hpp on Windows. Tried under Wine. */
#include "system.hpp"

#define WIN32_LEAN_AND_MEAN
#include <cstring>
#include <string>
#include <windows.h>

static constexpr int kPathUnits = 1200;

void sys::program_name(char *name, size_t bytes)
{
    wchar_t path[kPathUnits];
    const DWORD units = GetModuleFileNameW(nullptr, path, kPathUnits);
    name[0] = '\0';
    if (units == 0 || units >= kPathUnits) return;
    const wchar_t *last = std::wcsrchr(path, L'\\');
    if (WideCharToMultiByte(CP_UTF8, 0, last ? last + 1 : path, -1, name, static_cast<int>(bytes), nullptr, nullptr) == 0)
        name[0] = '\0';
}

const uint8_t *sys::map_file(const char *folder, const char *name, uint64_t &bytes)
{
    wchar_t wide[kPathUnits];
    const std::string path = std::string(folder) + "\\" + name;
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.c_str(), -1, wide, kPathUnits) == 0) return nullptr;
    const HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                    FILE_FLAG_OPEN_REPARSE_POINT, nullptr);
    if (file == INVALID_HANDLE_VALUE) return nullptr;
    LARGE_INTEGER size;
    const HANDLE mapping = GetFileSizeEx(file, &size) ? CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr) : nullptr;
    CloseHandle(file);
    if (!mapping) return nullptr;
    bytes = static_cast<uint64_t>(size.QuadPart);
    const void *base = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CloseHandle(mapping); /* the view holds it */
    return static_cast<const uint8_t *>(base);
}

void sys::unmap_file(const uint8_t *base, uint64_t)
{
    UnmapViewOfFile(base);
}
