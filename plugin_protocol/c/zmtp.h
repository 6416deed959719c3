/* ZMTP 3.0 as a DEALER without security speaks it (RFC 23/ZMTP, 37/ZMTP): greeting, NULL handshake, messages of one
   part. Pure: bytes in, bytes out; no socket, no memory but its own. Peers may be libzmq or anything that keeps the RFC.
   Why not libzmq: ../../docs/decisions/0016-no-libzmq-inside-a-host.md. */
#ifndef SC_ZMTP_H
#define SC_ZMTP_H

#include "layout_gen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_ZMTP_OPENING_BYTES 94u /* greeting and READY */
#define SC_ZMTP_HEAD_BYTES 9u     /* of a frame, at most */

typedef enum sc_zmtp_state {
    SC_ZMTP_GREETING,  /* the peer's greeting has not come yet */
    SC_ZMTP_HANDSHAKE, /* its READY has not */
    SC_ZMTP_OPEN,
    SC_ZMTP_BROKEN /* it does not speak ZMTP 3, or sends longer messages than the protocol allows: close */
} sc_zmtp_state;

/* What came in. Zero it first. */
typedef struct sc_zmtp {
    sc_zmtp_state state;
    bool in_parts; /* inside a message of several parts, which is passed over */
    size_t first;  /* bytes[first, end) have not been looked at */
    size_t end;
    uint8_t bytes[SC_MAX_MESSAGE_BYTES + SC_ZMTP_HEAD_BYTES];
} sc_zmtp;

/* Writes what each side says first, without waiting for the other: SC_ZMTP_OPENING_BYTES bytes. */
void sc_zmtp_opening(uint8_t *data);

/* Writes the head of a frame that holds a message of `bytes` bytes; returns the head's length. */
size_t sc_zmtp_head(uint8_t head[SC_ZMTP_HEAD_BYTES], size_t bytes);

/* Where to put what comes in next, and how much of it there is room for: never 0 after sc_zmtp_take() returned 0. */
uint8_t *sc_zmtp_room(sc_zmtp *zmtp, size_t *room);

/* So much was put there. */
void sc_zmtp_put(sc_zmtp *zmtp, size_t bytes);

/* The next message, copied to `data`, of which `capacity` is at least SC_MAX_MESSAGE_BYTES; returns its bytes, or 0 when
   none is whole. Empty messages, those of several parts and commands are passed over. */
size_t sc_zmtp_take(sc_zmtp *zmtp, uint8_t *data, size_t capacity);

#endif
