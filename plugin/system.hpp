/* What the plugin and its window need of the system, beside what the client does: system_OS.cpp. */
#ifndef SIDECHAIN_SYSTEM_HPP
#define SIDECHAIN_SYSTEM_HPP

#include <cstddef>
#include <cstdint>

namespace sys {

/* The name of the running program without its folder, as UTF-8; "" when it cannot be told. [main-thread] */
void program_name(char *name, size_t bytes);

/* All of a file in `folder`, for reading, and how long it is; nullptr when there is none. No link is followed. [UI thread] */
const uint8_t *map_file(const char *folder, const char *name, uint64_t &bytes);
void unmap_file(const uint8_t *base, uint64_t bytes);

} // namespace sys
#endif
