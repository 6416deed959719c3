/* UTF-8, as far as the protocol's bounds are counted in characters. RFC 3629. */
#ifndef SC_TEXT_H
#define SC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when all of `bytes` is well-formed: no overlong form, no surrogate, nothing above U+10FFFF. [any] */
bool sc_utf8_valid(const uint8_t *bytes, size_t count);

/* Copies up to `characters` characters of `text` (`count` bytes, or up to a NUL before) to `to`, of `to_bytes` bytes,
   whole characters only, ended by NUL. Each broken byte becomes '?'. [any] real-time safe */
void sc_utf8_copy(char *to, size_t to_bytes, const char *text, size_t count, size_t characters);

#endif
