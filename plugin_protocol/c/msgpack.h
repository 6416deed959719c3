/* The subset of msgpack that the protocol uses: one flat map with string keys; values are integers, 64-bit floats,
   strings, binary, booleans and nil. Bounded on both sides; never reads or writes past the end. Allocates nothing.
   Format: msgpack spec.md. What a message means is messages.c. */
#ifndef SC_MSGPACK_H
#define SC_MSGPACK_H

#include "layout_gen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writing. `failed` stays set once something did not fit; test it at the end. */
typedef struct sc_pack {
    uint8_t *data;
    size_t capacity;
    size_t used;
    bool failed;
} sc_pack;

void sc_pack_map(sc_pack *pack, uint32_t pairs); /* up to 15 */
void sc_pack_string(sc_pack *pack, const char *text);
void sc_pack_binary(sc_pack *pack, const uint8_t *bytes, uint32_t count);
void sc_pack_unsigned(sc_pack *pack, uint64_t value);
void sc_pack_float(sc_pack *pack, double value);
void sc_pack_bool(sc_pack *pack, bool value);
void sc_pack_nil(sc_pack *pack);

typedef enum sc_kind { SC_NIL, SC_BOOL, SC_UNSIGNED, SC_NEGATIVE, SC_FLOAT, SC_STRING, SC_BINARY, SC_OTHER } sc_kind;

/* A value. Strings and binary point into the message. SC_OTHER: a list or map, skipped whole. */
typedef struct sc_value {
    sc_kind kind;
    bool truth;
    uint64_t number;      /* SC_NEGATIVE: two's complement */
    double real;
    const uint8_t *bytes; /* not ended by NUL */
    uint32_t count;
} sc_value;

typedef struct sc_map {
    uint32_t pairs;
    struct {
        const uint8_t *key;
        uint32_t key_bytes;
        sc_value value;
    } pair[SC_MAX_PAIRS];
} sc_map;

/* Reads one message. False unless `data` is exactly one map of at most SC_MAX_PAIRS pairs with different string
   keys, well-formed UTF-8 in every string, finite floats, and no extension types. [worker-thread] */
bool sc_unpack_map(const uint8_t *data, size_t bytes, sc_map *map);

/* The value of `key`, or NULL. */
const sc_value *sc_map_find(const sc_map *map, const char *key);

#endif
