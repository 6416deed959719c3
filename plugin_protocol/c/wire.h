/* Messages to and from the daemon, whole or not at all; nothing waits but sc_wire_wait. What a message means is not
   known here. All of it [worker-thread]: the ZeroMQ context is made, used and ended on that one thread.
   wire_zmq.c is the only implementation, over a libzmq that zmq_load.c found. */
#ifndef SC_WIRE_H
#define SC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sc_wire sc_wire; /* one connection to the daemon, or the attempt at one */

/* Loads libzmq (path NULL: by environment, then by its usual name) and makes the context, unless that was done.
   False with a sentence in `reason`; an empty path is always refused. */
bool sc_wire_start(const char *libzmq_path, char *reason, size_t reason_bytes);

/* Ends the context. Every connection must be closed. Takes as long as the longest lingering close. */
void sc_wire_stop(void);

/* In a forked child: the parent's context and sockets are left alone, as if none had been made. */
void sc_wire_forget(void);

/* Starts to connect; NULL with a reason when that is impossible. Does not wait, never connects by itself again. */
sc_wire *sc_wire_open(const char *run_dir, char *reason, size_t reason_bytes);

/* Closes. What was sent in the last moment is given `linger_ms` to leave. */
void sc_wire_close(sc_wire *wire, int linger_ms);

/* Whether the other end is there, and takes messages. */
bool sc_wire_writable(sc_wire *wire);

/* False when the message was not taken. */
bool sc_wire_send(sc_wire *wire, const uint8_t *data, size_t bytes);

/* The next message, or 0 bytes when there is none. Messages of several parts or too long are dropped. */
size_t sc_wire_receive(sc_wire *wire, uint8_t *data, size_t capacity);

/* Waits until one of `count` connections has a message, or for `timeout_ms`. Entries may be NULL. */
void sc_wire_wait(sc_wire *const *wires, size_t count, int timeout_ms);

#endif
