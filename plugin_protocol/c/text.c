#include "text.h"

#include <string.h>

/* Bytes of the well-formed character at `bytes`, or 0. Table 3-7 of the Unicode standard. */
static size_t character_bytes(const uint8_t *bytes, size_t count)
{
    const uint8_t first = bytes[0];
    if (first < 0x80) return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > count) return 0;
    const uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    return length;
}

bool sc_utf8_valid(const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        const size_t length = character_bytes(bytes, count);
        if (length == 0) return false;
        bytes += length;
        count -= length;
    }
    return true;
}

void sc_utf8_copy(char *to, size_t to_bytes, const char *text, size_t count, size_t characters)
{
    size_t used = 0;
    for (size_t at = 0; at < count && text[at] && characters > 0; characters--) {
        const size_t length = character_bytes((const uint8_t *)text + at, count - at);
        if (used + (length ? length : 1) >= to_bytes) break;
        if (length) memcpy(to + used, text + at, length);
        else to[used] = '?';
        used += length ? length : 1;
        at += length ? length : 1;
    }
    to[used] = '\0';
}
