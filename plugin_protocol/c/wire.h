/* Messages to and from the daemon, whole or not at all; nothing waits but sc_wire_wait. What a message means is not
   known here. All of it [worker-thread]. One descriptor for each connection, no thread, and no library that could end
   the host: what the process has run out of is a sentence, and another attempt later.
   wire_unix.c or wire_pipe.c: a Unix socket or a named pipe, over which ZMTP (zmtp.h) is spoken. */
#ifndef SC_WIRE_H
#define SC_WIRE_H

#include "sidechain.h"

typedef struct sc_wire sc_wire; /* one connection to the daemon */

typedef enum sc_wire_state {
    SC_WIRE_OPENING, /* the daemon has not answered the greeting yet */
    SC_WIRE_OPEN,
    SC_WIRE_LOST /* the other end is gone, or is no daemon */
} sc_wire_state;

/* Connects to the daemon of `run_dir`; NULL with a sentence in `reason`. Never connects by itself again. */
sc_wire *sc_wire_open(const char *run_dir, const sc_allocator *allocator, char *reason, size_t reason_bytes);

/* Closes and frees. What was sent in the last moment is given `linger_ms` to leave. */
void sc_wire_close(sc_wire *wire, int linger_ms);

/* In a forked child: lets go of its copy of the descriptor, so that the connection ends with the parent. [any] */
void sc_wire_forget(sc_wire *wire);

/* How it stands, after what could be sent was sent. */
sc_wire_state sc_wire_look(sc_wire *wire);

/* False when the message was not taken: too much waits already, or the connection is not open. */
bool sc_wire_send(sc_wire *wire, const uint8_t *data, size_t bytes);

/* The next message, or 0 bytes when there is none. */
size_t sc_wire_receive(sc_wire *wire, uint8_t *data, size_t capacity);

/* Waits until one of `count` connections has a message, or for `timeout_ms`. Entries may be NULL. */
void sc_wire_wait(sc_wire *const *wires, size_t count, int timeout_ms);

#endif
