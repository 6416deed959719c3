/* ZMTP as the client reads it: the same from any cut of the bytes, an end to whoever does not keep to it, and no byte
   that could do more (run under sanitizers). */
#include "check.h"
#include "zmtp.h"

#include <string.h>

static sc_zmtp zmtp;
static uint8_t stream[1 << 18], heard[SC_MAX_MESSAGE_BYTES];

static size_t put(size_t at, const void *data, size_t bytes)
{
    memcpy(stream + at, data, bytes);
    return at + bytes;
}

/* A router's opening: ours, but for the word that says who speaks. */
static size_t opening(void)
{
    sc_zmtp_opening(stream);
    memcpy(stream + SC_ZMTP_OPENING_BYTES - 6, "ROUTER", 6);
    return SC_ZMTP_OPENING_BYTES;
}

static size_t message(size_t at, size_t bytes, uint8_t value)
{
    at += sc_zmtp_head(stream + at, bytes);
    memset(stream + at, value, bytes);
    return at + bytes;
}

/* Feeds `bytes` of the stream in pieces of at most `step`; how many messages came, each of one value throughout. */
static int feed(size_t bytes, size_t step, size_t *total)
{
    int messages = 0;
    memset(&zmtp, 0, sizeof zmtp);
    *total = 0;
    for (size_t at = 0; at < bytes && zmtp.state != SC_ZMTP_BROKEN;) {
        size_t room, got;
        uint8_t *to = sc_zmtp_room(&zmtp, &room);
        CHECK(room > 0);
        size_t count = bytes - at < step ? bytes - at : step;
        if (count > room) count = room;
        memcpy(to, stream + at, count);
        sc_zmtp_put(&zmtp, count);
        at += count;
        while ((got = sc_zmtp_take(&zmtp, heard, sizeof heard)) > 0) {
            for (size_t i = 0; i < got; i++) CHECK_EQUAL(heard[i], heard[0]);
            messages++;
            *total += got;
        }
    }
    return messages;
}

static void messages_are_the_same_however_the_bytes_are_cut(void)
{
    static const size_t STEPS[] = {1, 2, 7, 63, 64, 65, 94, 1000, sizeof stream};
    size_t end = opening(), total;
    end = message(end, 1, 'a');
    end = message(end, 255, 'b');
    end = message(end, 0, 0); /* passed over */
    end = message(end, 256, 'c');
    end = message(end, SC_MAX_MESSAGE_BYTES, 'd');
    end = message(end, 3, 'e');
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        CHECK_EQUAL(feed(end, STEPS[i], &total), 5);
        CHECK_EQUAL(total, 1 + 255 + 256 + SC_MAX_MESSAGE_BYTES + 3);
        CHECK_EQUAL(zmtp.state, SC_ZMTP_OPEN);
    }
}

static void parts_and_commands_are_passed_over(void)
{
    size_t total, end = opening();
    end = put(end, "\x01\x01" "a" "\x01\x01" "b" "\x00\x01" "c", 9);
    end = put(end, "\x04\x05\x04PING", 7);
    end = message(end, 2, 'x');
    CHECK_EQUAL(feed(end, 5, &total), 1);
    CHECK_EQUAL(total, 2);
}

static void breaks(size_t at, const void *data, size_t bytes)
{
    size_t total;
    const size_t end = opening();
    put(at, data, bytes);
    CHECK_EQUAL(feed(at + bytes > end ? at + bytes : end, 11, &total), 0);
    CHECK_EQUAL(zmtp.state, SC_ZMTP_BROKEN);
}

static void whoever_does_not_keep_to_it_is_left(void)
{
    breaks(0, "HTTP/1.1", 8);
    breaks(10, "\x02", 1);
    breaks(12, "CURVE", 5);
    breaks(64, "\x00\x05" "hello", 7);
    breaks(64, "\x04\x06\x05" "ERROR", 8);
    breaks(SC_ZMTP_OPENING_BYTES, "\x08\x01x", 3);
    breaks(SC_ZMTP_OPENING_BYTES, "\x02\x00\x00\x00\x00\x00\x01\x00\x01", 9); /* one byte too many */
    breaks(SC_ZMTP_OPENING_BYTES, "\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9);
}

static void no_bytes_do_more_than_be_refused(void)
{
    uint32_t random = 12345;
    for (int round = 0; round < 20000; round++) {
        size_t end = round % 2 ? opening() : 0;
        for (int i = 0; i < 60; i++) {
            random = random * 1664525u + 1013904223u;
            stream[end++] = round % 3 ? (uint8_t)(random >> 24) : (uint8_t)((random >> 24) % 8);
        }
        memset(&zmtp, 0, sizeof zmtp);
        for (size_t at = 0; at < end; at += 13) {
            size_t room;
            uint8_t *to = sc_zmtp_room(&zmtp, &room);
            const size_t count = end - at < 13 ? end - at : 13;
            CHECK(room >= count);
            memcpy(to, stream + at, count);
            sc_zmtp_put(&zmtp, count);
            while (sc_zmtp_take(&zmtp, heard, sizeof heard) > 0) continue;
        }
    }
}

int main(void)
{
    RUN(messages_are_the_same_however_the_bytes_are_cut);
    RUN(parts_and_commands_are_passed_over);
    RUN(whoever_does_not_keep_to_it_is_left);
    RUN(no_bytes_do_more_than_be_refused);
    return 0;
}
