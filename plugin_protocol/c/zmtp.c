#include "zmtp.h"

#include <string.h>

#define GREETING_BYTES 64u
#define VERSION_AT 10u
#define MECHANISM_AT 12u
#define MAJOR 3u

enum { MORE = 1, LONG = 2, COMMAND = 4, RESERVED = 0xF8 };

static const uint8_t SIGNATURE[10] = {0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F};
static const char MECHANISM[20] = "NULL";
static const uint8_t READY[] = "\x04\x1C" /* a command of 28 bytes */
                               "\x05READY"
                               "\x0BSocket-Type\0\0\0\x06" "DEALER";
_Static_assert(GREETING_BYTES + sizeof READY - 1 == SC_ZMTP_OPENING_BYTES, "both, without the literal's NUL");
static const uint8_t IS_READY[] = "\x05READY";

void sc_zmtp_opening(uint8_t *data)
{
    memset(data, 0, GREETING_BYTES);
    memcpy(data, SIGNATURE, sizeof SIGNATURE);
    data[VERSION_AT] = MAJOR; /* and minor 0: no heartbeats, the protocol above has its own */
    memcpy(data + MECHANISM_AT, MECHANISM, sizeof MECHANISM);
    memcpy(data + GREETING_BYTES, READY, sizeof READY - 1);
}

size_t sc_zmtp_head(uint8_t head[SC_ZMTP_HEAD_BYTES], size_t bytes)
{
    if (bytes <= UINT8_MAX) {
        head[0] = 0;
        head[1] = (uint8_t)bytes;
        return 2;
    }
    head[0] = LONG;
    for (unsigned i = 0; i < 8; i++) head[1 + i] = (uint8_t)((uint64_t)bytes >> (56 - 8 * i));
    return SC_ZMTP_HEAD_BYTES;
}

uint8_t *sc_zmtp_room(sc_zmtp *zmtp, size_t *room)
{
    if (zmtp->first > 0) {
        memmove(zmtp->bytes, zmtp->bytes + zmtp->first, zmtp->end - zmtp->first);
        zmtp->end -= zmtp->first;
        zmtp->first = 0;
    }
    *room = sizeof zmtp->bytes - zmtp->end;
    return zmtp->bytes + zmtp->end;
}

void sc_zmtp_put(sc_zmtp *zmtp, size_t bytes)
{
    zmtp->end += bytes;
}

/* False when there is not enough of it yet, or it is none. */
static bool take_greeting(sc_zmtp *zmtp)
{
    const uint8_t *greeting = zmtp->bytes + zmtp->first;
    const size_t there = zmtp->end - zmtp->first;
    if (there > 0 && greeting[0] != SIGNATURE[0]) zmtp->state = SC_ZMTP_BROKEN;
    if (there < GREETING_BYTES) return false;
    const bool fits = (greeting[9] & 1) && greeting[VERSION_AT] >= MAJOR &&
                      memcmp(greeting + MECHANISM_AT, MECHANISM, sizeof MECHANISM) == 0;
    zmtp->first += GREETING_BYTES;
    zmtp->state = fits ? SC_ZMTP_HANDSHAKE : SC_ZMTP_BROKEN;
    return fits;
}

typedef struct frame {
    uint8_t flags;
    size_t bytes;
    const uint8_t *body;
} frame;

/* The next frame, if all of it is there. */
static bool take_frame(sc_zmtp *zmtp, frame *found)
{
    const uint8_t *head = zmtp->bytes + zmtp->first;
    const size_t there = zmtp->end - zmtp->first;
    if (there < 2) return false;
    const size_t head_bytes = (head[0] & LONG) ? SC_ZMTP_HEAD_BYTES : 2;
    if (there < head_bytes) return false;
    uint64_t bytes = 0;
    for (size_t i = 1; i < head_bytes; i++) bytes = bytes << 8 | head[i];
    if ((head[0] & RESERVED) || bytes > SC_MAX_MESSAGE_BYTES) {
        zmtp->state = SC_ZMTP_BROKEN;
        return false;
    }
    if (there - head_bytes < bytes) return false;
    *found = (frame){head[0], (size_t)bytes, head + head_bytes};
    zmtp->first += head_bytes + (size_t)bytes;
    return true;
}

static bool is_ready(const frame *command)
{
    const size_t name_bytes = sizeof IS_READY - 1;
    return (command->flags & COMMAND) && command->bytes >= name_bytes &&
           memcmp(command->body, IS_READY, name_bytes) == 0;
}

size_t sc_zmtp_take(sc_zmtp *zmtp, uint8_t *data, size_t capacity)
{
    frame next;
    if (zmtp->state == SC_ZMTP_GREETING && !take_greeting(zmtp)) return 0;
    while (zmtp->state != SC_ZMTP_BROKEN && take_frame(zmtp, &next)) {
        if (zmtp->state == SC_ZMTP_HANDSHAKE) {
            zmtp->state = is_ready(&next) ? SC_ZMTP_OPEN : SC_ZMTP_BROKEN;
            continue;
        }
        if (next.flags & COMMAND) continue;
        const bool whole = !(next.flags & MORE) && !zmtp->in_parts;
        zmtp->in_parts = next.flags & MORE;
        if (!whole || next.bytes == 0 || next.bytes > capacity) continue;
        memcpy(data, next.body, next.bytes);
        return next.bytes;
    }
    return 0;
}
