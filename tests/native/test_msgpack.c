/* The msgpack subset against its own writer, hand-made bytes, and hostile ones. Every message is read from a block of
   exactly its size, so that AddressSanitizer sees a single byte too far. */
#include "check.h"
#include "messages.h"
#include "msgpack.h"
#include "text.h"

#include <math.h>
#include <string.h>

static bool unpack(const uint8_t *bytes, size_t count, sc_map *map)
{
    uint8_t *exact = malloc(count ? count : 1);
    if (count) memcpy(exact, bytes, count);
    const bool well = sc_unpack_map(exact, count, map);
    static sc_event told;
    sc_decode(exact, count, &told); /* must not crash either */
    free(exact);
    return well;
}

#define UNPACK(text, map) unpack((const uint8_t *)(text), sizeof(text) - 1, map)

static void integers_are_as_short_as_they_can_be(void)
{
    static const struct {
        uint64_t value;
        size_t bytes;
    } CASES[] = {{0, 1}, {127, 1}, {128, 2}, {255, 2}, {256, 3}, {65535, 3}, {65536, 5}, {UINT32_MAX, 5},
                 {(uint64_t)UINT32_MAX + 1, 9}, {UINT64_MAX, 9}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint8_t data[32];
        sc_map map;
        sc_pack pack = {.data = data, .capacity = sizeof data};
        sc_pack_map(&pack, 1);
        sc_pack_string(&pack, "k");
        const size_t before = pack.used;
        sc_pack_unsigned(&pack, CASES[i].value);
        CHECK_EQUAL(pack.used - before, CASES[i].bytes);
        CHECK(sc_unpack_map(data, pack.used, &map));
        CHECK(sc_map_find(&map, "k")->number == CASES[i].value);
    }
}

static void every_kind_comes_back(void)
{
    uint8_t data[512], raw[16] = {1, 2, 3};
    char text[201];
    sc_map map;
    memset(text, 'x', 200);
    text[200] = '\0';
    sc_pack pack = {.data = data, .capacity = sizeof data};
    sc_pack_map(&pack, 5);
    sc_pack_string(&pack, "real");
    sc_pack_float(&pack, -0.5);
    sc_pack_string(&pack, "text");
    sc_pack_string(&pack, text);
    sc_pack_string(&pack, "raw");
    sc_pack_binary(&pack, raw, sizeof raw);
    sc_pack_string(&pack, "yes");
    sc_pack_bool(&pack, true);
    sc_pack_string(&pack, "none");
    sc_pack_nil(&pack);
    CHECK(!pack.failed && sc_unpack_map(data, pack.used, &map));
    CHECK(fabs(sc_map_find(&map, "real")->real + 0.5) < 1e-12);
    CHECK(sc_map_find(&map, "text")->count == 200 && sc_map_find(&map, "raw")->kind == SC_BINARY);
    CHECK(sc_map_find(&map, "yes")->truth && sc_map_find(&map, "none")->kind == SC_NIL);
    CHECK(!sc_map_find(&map, "nothing"));
}

static void signed_integers_are_told_apart(void)
{
    sc_map map;
    CHECK(UNPACK("\x81\xA1k\xFF", &map) && map.pair[0].value.kind == SC_NEGATIVE);
    CHECK_EQUAL(map.pair[0].value.number, -1);
    CHECK(UNPACK("\x81\xA1k\xD1\xFF\x00", &map) && map.pair[0].value.kind == SC_NEGATIVE);
    CHECK_EQUAL(map.pair[0].value.number, -256);
    CHECK(UNPACK("\x81\xA1k\xD2\x00\x00\x00\x05", &map) && map.pair[0].value.kind == SC_UNSIGNED);
    CHECK_EQUAL(map.pair[0].value.number, 5);
}

static void a_buffer_that_is_too_small_fails_without_a_word_beyond(void)
{
    const sc_keep keep = {.id = 1, .generation = 2, .at_frame = 3, .bars = 8, .title = "title"};
    uint8_t *whole = malloc(256);
    const size_t bytes = sc_encode_keep(whole, 256, &keep);
    CHECK(bytes > 0);
    for (size_t capacity = 0; capacity < bytes; capacity++) {
        uint8_t *small = malloc(capacity ? capacity : 1);
        CHECK_EQUAL(sc_encode_keep(small, capacity, &keep), 0);
        free(small);
    }
    free(whole);
}

static void broken_messages_are_refused(void)
{
    sc_map map;
    CHECK(!UNPACK("", &map));
    CHECK(!UNPACK("\x91\x01", &map));                    /* a list */
    CHECK(!UNPACK("\x80\x00", &map));                    /* a byte behind the end */
    CHECK(!UNPACK("\x82\xA1k\x01\xA1k\x02", &map));      /* a key twice */
    CHECK(!UNPACK("\x81\x01\x01", &map));                /* a key that is no text */
    CHECK(!UNPACK("\x81\xA1k\xC1", &map));               /* the type that nobody has */
    CHECK(!UNPACK("\x81\xA1k\xD4\x01\x01", &map));       /* an extension */
    CHECK(!UNPACK("\x81\xA1k\xDB\x7F\xFF\xFF\xFF", &map)); /* a lying length */
    CHECK(!UNPACK("\x81\xA1k\xDD\xFF\xFF\xFF\xFF", &map)); /* four thousand million elements, none there */
    CHECK(!UNPACK("\xDF\xFF\xFF\xFF\xFF", &map));
    CHECK(!UNPACK("\x81\xA1k\xCB\x7F\xF8\x00\x00\x00\x00\x00\x00", &map)); /* not a number */
    CHECK(!UNPACK("\x81\xA1k\xA2\xC0\xAF", &map));       /* an overlong '/' */
    CHECK(!UNPACK("\x81\xA1k\xA3\xED\xA0\x80", &map));   /* a surrogate */
    CHECK(UNPACK("\x81\xA1k\x97\x01\x92\x02\x03\xC0\xC0\xC0\xC0\x80", &map)); /* unknown, and nested: skipped */
    CHECK_EQUAL(map.pair[0].value.kind, SC_OTHER);
}

static void nesting_ends_at_the_limit(void)
{
    uint8_t deep[4096];
    sc_map map;
    memcpy(deep, "\x81\xA1k", 3);
    for (size_t levels = 1; levels < 12; levels++) {
        memset(deep + 3, 0x91, levels);
        deep[3 + levels] = 0xC0;
        CHECK(unpack(deep, 4 + levels, &map) == (levels <= 7));
    }
    memset(deep + 3, 0x91, sizeof deep - 3);
    CHECK(!unpack(deep, sizeof deep, &map));
}

static size_t sample(uint8_t *data, size_t capacity)
{
    sc_pack pack = {.data = data, .capacity = capacity};
    sc_pack_map(&pack, 7);
    sc_pack_string(&pack, "t");
    sc_pack_string(&pack, "kept");
    sc_pack_string(&pack, "id");
    sc_pack_unsigned(&pack, 70000);
    sc_pack_string(&pack, "take_id");
    sc_pack_string(&pack, "01J");
    sc_pack_string(&pack, "frames");
    sc_pack_unsigned(&pack, (uint64_t)1 << 40);
    sc_pack_string(&pack, "bars");
    sc_pack_unsigned(&pack, 8);
    sc_pack_string(&pack, "anchored");
    sc_pack_bool(&pack, true);
    sc_pack_string(&pack, "note");
    sc_pack_string(&pack, "Gr\xC3\xBC\xC3\x9F" "e");
    return pack.used;
}

static void every_cut_is_refused_and_no_mutation_reads_too_far(void)
{
    uint8_t good[256], bad[256];
    sc_map map;
    static sc_event told;
    uint32_t random = 1;
    const size_t bytes = sample(good, sizeof good);
    CHECK(sc_decode(good, bytes, &told) && told.kind == SC_EVENT_KEPT && told.kept.anchored && told.kept.bars == 8);
    for (size_t cut = 0; cut < bytes; cut++) CHECK(!unpack(good, cut, &map));
    for (int i = 0; i < 100000; i++) {
        memcpy(bad, good, bytes);
        for (int hits = 0; hits < 3; hits++) {
            random = random * 1664525u + 1013904223u;
            bad[(random >> 8) % bytes] = (uint8_t)(random >> 24);
        }
        unpack(bad, bytes, &map);
    }
}

static void text_is_cut_between_characters(void)
{
    char to[8];
    sc_utf8_copy(to, sizeof to, "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 8, 8); /* 8 bytes do not fit with the NUL */
    CHECK(strcmp(to, "\xC3\xA4\xC3\xB6\xC3\xBC") == 0);
    sc_utf8_copy(to, sizeof to, "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 8, 2);
    CHECK(strcmp(to, "\xC3\xA4\xC3\xB6") == 0);
    sc_utf8_copy(to, sizeof to, "a\xFF\xC3", 3, 8);
    CHECK(strcmp(to, "a??") == 0);
    CHECK(sc_utf8_valid((const uint8_t *)"\xF0\x9F\x8E\xB5", 4) && !sc_utf8_valid((const uint8_t *)"\xF0\x9F\x8E", 3));
}

int main(void)
{
    RUN(integers_are_as_short_as_they_can_be);
    RUN(every_kind_comes_back);
    RUN(signed_integers_are_told_apart);
    RUN(a_buffer_that_is_too_small_fails_without_a_word_beyond);
    RUN(broken_messages_are_refused);
    RUN(nesting_ends_at_the_limit);
    RUN(every_cut_is_refused_and_no_mutation_reads_too_far);
    RUN(text_is_cut_between_characters);
    return 0;
}
