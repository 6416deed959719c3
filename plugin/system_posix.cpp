/* The part of system.hpp that Linux and macOS have in common. */
#include "system.hpp"

#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const uint8_t *sys::map_file(const char *folder, const char *name, uint64_t &bytes)
{
    const std::string path = std::string(folder) + "/" + name;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    if (file < 0) return nullptr;
    void *mapped = MAP_FAILED;
    if (fstat(file, &status) == 0) {
        bytes = static_cast<uint64_t>(status.st_size);
        mapped = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, file, 0);
    }
    ::close(file);
    return mapped == MAP_FAILED ? nullptr : static_cast<const uint8_t *>(mapped);
}

void sys::unmap_file(const uint8_t *base, uint64_t bytes)
{
    munmap(const_cast<uint8_t *>(base), static_cast<size_t>(bytes));
}
