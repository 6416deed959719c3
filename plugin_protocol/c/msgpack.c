#include "msgpack.h"

#include "text.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 7 /* of lists and maps inside the one map, in fields that we do not know */

static void put_bytes(sc_pack *pack, const void *bytes, size_t count)
{
    if (pack->failed || count > pack->capacity - pack->used) {
        pack->failed = true;
        return;
    }
    memcpy(pack->data + pack->used, bytes, count);
    pack->used += count;
}

/* A type byte and `size` bytes of `value`, big end first. */
static void put_head(sc_pack *pack, uint8_t type, uint64_t value, unsigned size)
{
    uint8_t head[9] = {type};
    for (unsigned i = 0; i < size; i++) head[1 + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    put_bytes(pack, head, 1 + size);
}

void sc_pack_map(sc_pack *pack, uint32_t pairs)
{
    if (pairs > 15) pack->failed = true;
    put_head(pack, (uint8_t)(0x80u | pairs), 0, 0);
}

void sc_pack_string(sc_pack *pack, const char *text)
{
    const size_t count = strlen(text);
    if (count < 32) put_head(pack, (uint8_t)(0xA0u | count), 0, 0);
    else if (count < 1u << 8) put_head(pack, 0xD9, count, 1);
    else if (count < 1u << 16) put_head(pack, 0xDA, count, 2);
    else pack->failed = true;
    put_bytes(pack, text, count);
}

void sc_pack_binary(sc_pack *pack, const uint8_t *bytes, uint32_t count)
{
    if (count > 255) pack->failed = true;
    put_head(pack, 0xC4, count, 1);
    put_bytes(pack, bytes, count);
}

void sc_pack_unsigned(sc_pack *pack, uint64_t value)
{
    if (value < 1u << 7) put_head(pack, (uint8_t)value, 0, 0);
    else if (value < 1u << 8) put_head(pack, 0xCC, value, 1);
    else if (value < 1u << 16) put_head(pack, 0xCD, value, 2);
    else if (value < (uint64_t)1 << 32) put_head(pack, 0xCE, value, 4);
    else put_head(pack, 0xCF, value, 8);
}

void sc_pack_float(sc_pack *pack, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_head(pack, 0xCB, bits, 8);
}

void sc_pack_bool(sc_pack *pack, bool value)
{
    put_head(pack, value ? 0xC3 : 0xC2, 0, 0);
}

void sc_pack_nil(sc_pack *pack)
{
    put_head(pack, 0xC0, 0, 0);
}

/* Reading. `at` never passes `end`: every function asks for the bytes that it takes. */
typedef struct cursor {
    const uint8_t *at;
    const uint8_t *end;
} cursor;

static bool take(cursor *from, size_t count, const uint8_t **bytes)
{
    if (count > (size_t)(from->end - from->at)) return false;
    *bytes = from->at;
    from->at += count;
    return true;
}

static bool take_number(cursor *from, unsigned size, uint64_t *value)
{
    const uint8_t *bytes;
    if (!take(from, size, &bytes)) return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++) *value = *value << 8 | bytes[i];
    return true;
}

static bool take_text(cursor *from, sc_kind kind, uint64_t count, sc_value *value)
{
    value->kind = kind;
    value->count = (uint32_t)count;
    if (count > SC_MAX_TEXT_BYTES || !take(from, (size_t)count, &value->bytes)) return false;
    return kind != SC_STRING || sc_utf8_valid(value->bytes, (size_t)count);
}

static bool take_sized_text(cursor *from, sc_kind kind, unsigned size, sc_value *value)
{
    uint64_t count;
    return take_number(from, size, &count) && take_text(from, kind, count, value);
}

static bool take_signed(cursor *from, unsigned size, sc_value *value)
{
    uint64_t bits;
    if (!take_number(from, size, &bits)) return false;
    const uint64_t sign = (uint64_t)1 << (8 * size - 1);
    value->number = (bits ^ sign) - sign;
    value->kind = bits & sign ? SC_NEGATIVE : SC_UNSIGNED;
    return true;
}

static bool take_float(cursor *from, unsigned size, sc_value *value)
{
    uint64_t bits;
    if (!take_number(from, size, &bits)) return false;
    value->kind = SC_FLOAT;
    if (size == 8) {
        memcpy(&value->real, &bits, 8);
    } else {
        const uint32_t narrow = (uint32_t)bits;
        float single;
        memcpy(&single, &narrow, 4);
        value->real = (double)single;
    }
    return isfinite(value->real);
}

static bool take_value(cursor *from, sc_value *value, unsigned depth);

static bool skip_values(cursor *from, uint64_t values, sc_value *value, unsigned depth)
{
    sc_value ignored;
    if (depth >= MAX_DEPTH) return false;
    for (uint64_t i = 0; i < values; i++) /* each takes a byte at least, so a lying count ends soon */
        if (!take_value(from, &ignored, depth + 1)) return false;
    value->kind = SC_OTHER;
    return true;
}

static bool skip_sized(cursor *from, unsigned size, uint64_t each, sc_value *value, unsigned depth)
{
    uint64_t count;
    return take_number(from, size, &count) && skip_values(from, count * each, value, depth);
}

static bool take_value(cursor *from, sc_value *value, unsigned depth)
{
    uint64_t type;
    memset(value, 0, sizeof *value);
    if (!take_number(from, 1, &type)) return false;
    if (type < 0x80) {
        value->kind = SC_UNSIGNED;
        value->number = type;
        return true;
    }
    if (type < 0x90) return skip_values(from, 2 * (type & 15), value, depth);
    if (type < 0xA0) return skip_values(from, type & 15, value, depth);
    if (type < 0xC0) return take_text(from, SC_STRING, type & 31, value);
    if (type >= 0xE0) {
        value->kind = SC_NEGATIVE;
        value->number = type | ~(uint64_t)0xFF;
        return true;
    }
    switch (type) {
    case 0xC0: return true; /* SC_NIL is zero */
    case 0xC2:
    case 0xC3: value->kind = SC_BOOL; value->truth = type == 0xC3; return true;
    case 0xC4: return take_sized_text(from, SC_BINARY, 1, value);
    case 0xC5: return take_sized_text(from, SC_BINARY, 2, value);
    case 0xC6: return take_sized_text(from, SC_BINARY, 4, value);
    case 0xCA: return take_float(from, 4, value);
    case 0xCB: return take_float(from, 8, value);
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF: value->kind = SC_UNSIGNED; return take_number(from, 1u << (type - 0xCC), &value->number);
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3: return take_signed(from, 1u << (type - 0xD0), value);
    case 0xD9: return take_sized_text(from, SC_STRING, 1, value);
    case 0xDA: return take_sized_text(from, SC_STRING, 2, value);
    case 0xDB: return take_sized_text(from, SC_STRING, 4, value);
    case 0xDC: return skip_sized(from, 2, 1, value, depth);
    case 0xDD: return skip_sized(from, 4, 1, value, depth);
    case 0xDE: return skip_sized(from, 2, 2, value, depth);
    case 0xDF: return skip_sized(from, 4, 2, value, depth);
    default: return false; /* extensions, which the protocol has not, and 0xC1, which nobody has */
    }
}

static bool take_map_head(cursor *from, uint64_t *pairs)
{
    uint64_t type;
    if (!take_number(from, 1, &type)) return false;
    if (type >= 0x80 && type < 0x90) {
        *pairs = type & 15;
        return true;
    }
    return (type == 0xDE && take_number(from, 2, pairs)) || (type == 0xDF && take_number(from, 4, pairs));
}

static bool has_key(const sc_map *map, const uint8_t *key, uint32_t key_bytes)
{
    for (uint32_t i = 0; i < map->pairs; i++)
        if (map->pair[i].key_bytes == key_bytes && memcmp(map->pair[i].key, key, key_bytes) == 0) return true;
    return false;
}

bool sc_unpack_map(const uint8_t *data, size_t bytes, sc_map *map)
{
    cursor from = {data, data + bytes};
    uint64_t pairs;
    map->pairs = 0;
    if (!take_map_head(&from, &pairs) || pairs > SC_MAX_PAIRS) return false;
    while (map->pairs < pairs) {
        sc_value key;
        if (!take_value(&from, &key, 0) || key.kind != SC_STRING || has_key(map, key.bytes, key.count)) return false;
        if (!take_value(&from, &map->pair[map->pairs].value, 0)) return false;
        map->pair[map->pairs].key = key.bytes;
        map->pair[map->pairs++].key_bytes = key.count;
    }
    return from.at == from.end;
}

const sc_value *sc_map_find(const sc_map *map, const char *key)
{
    const size_t count = strlen(key);
    for (uint32_t i = 0; i < map->pairs; i++)
        if (map->pair[i].key_bytes == count && memcmp(map->pair[i].key, key, count) == 0) return &map->pair[i].value;
    return NULL;
}
