#define NEVER_MS 3600000
#define _GNU_SOURCE
#include "wire.h"

#include "layout_gen.h"
#include "sidechain.h"
#include "zmq_load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SOCKET_NAME "plugin.sock" /* as bridge/paths.py */
#define MAX_SOCKET_PATH_BYTES 107 /* sun_path of unix(7), without the NUL */
#define HIGH_WATER_MARK 64

/* Of the worker thread alone; it starts and stops both. */
static sc_zmq zmq;
static void *context;

/* sc_wire is never defined: its pointer is the socket. */
static void *socket_of(sc_wire *wire)
{
    return (void *)wire;
}

bool sc_wire_start(const char *libzmq_path, char *reason, size_t reason_bytes)
{
    const bool wanted = !libzmq_path || *libzmq_path;
    if (context && wanted) return true;
    if (!sc_zmq_load(libzmq_path, &zmq, reason, reason_bytes)) return false;
    context = zmq.ctx_new();
    if (!context) snprintf(reason, reason_bytes, "libzmq made no context. Recording goes on.");
    return context != NULL;
}

void sc_wire_stop(void)
{
    while (context && zmq.ctx_term(context) != 0 && errno == EINTR) continue;
    context = NULL;
}

void sc_wire_forget(void)
{
    context = NULL;
}

static bool set(void *socket, int option, int value)
{
    return zmq.setsockopt(socket, option, &value, sizeof value) == 0;
}

sc_wire *sc_wire_open(const char *run_dir, char *reason, size_t reason_bytes)
{
    char address[sizeof "ipc://" + MAX_SOCKET_PATH_BYTES];
    const int bytes = snprintf(address, sizeof address, "ipc://%s/%s", run_dir, SOCKET_NAME);
    if (bytes < 0 || (size_t)bytes >= sizeof address) {
        snprintf(reason, reason_bytes, "The run directory's name is too long for a socket in it.");
        return NULL;
    }
    void *socket = zmq.socket(context, SC_ZMQ_DEALER);
    const int64_t longest = SC_MAX_MESSAGE_BYTES;
    /* IMMEDIATE: nothing is queued for a daemon that is not there. RECONNECT_IVL never (but not -1, which
       throws away what came in unread when the daemon closed): a connection that came back
       behind our back would be a session that the daemon does not know. */
    if (socket && set(socket, SC_ZMQ_LINGER, 0) && set(socket, SC_ZMQ_SNDHWM, HIGH_WATER_MARK) &&
        set(socket, SC_ZMQ_RCVHWM, HIGH_WATER_MARK) && set(socket, SC_ZMQ_IMMEDIATE, 1) &&
        set(socket, SC_ZMQ_RECONNECT_IVL, NEVER_MS) &&
        zmq.setsockopt(socket, SC_ZMQ_MAXMSGSIZE, &longest, sizeof longest) == 0 &&
        zmq.connect(socket, address) == 0)
        return (sc_wire *)socket;
    snprintf(reason, reason_bytes, "libzmq opens no socket: %s.", strerror(errno));
    if (socket) zmq.close(socket);
    return NULL;
}

void sc_wire_close(sc_wire *wire, int linger_ms)
{
    set(socket_of(wire), SC_ZMQ_LINGER, linger_ms);
    zmq.close(socket_of(wire));
}

bool sc_wire_writable(sc_wire *wire)
{
    int events = 0;
    size_t bytes = sizeof events;
    return zmq.getsockopt(socket_of(wire), SC_ZMQ_EVENTS, &events, &bytes) == 0 && (events & SC_ZMQ_POLLOUT);
}

bool sc_wire_send(sc_wire *wire, const uint8_t *data, size_t bytes)
{
    return zmq.send(socket_of(wire), data, bytes, SC_ZMQ_DONTWAIT) >= 0;
}

static bool more_parts(sc_wire *wire)
{
    int more = 0;
    size_t bytes = sizeof more;
    return zmq.getsockopt(socket_of(wire), SC_ZMQ_RCVMORE, &more, &bytes) == 0 && more;
}

size_t sc_wire_receive(sc_wire *wire, uint8_t *data, size_t capacity)
{
    for (;;) {
        int got = zmq.recv(socket_of(wire), data, capacity, SC_ZMQ_DONTWAIT);
        if (got < 0) return 0;
        bool whole = got > 0 && (size_t)got <= capacity;
        while (more_parts(wire)) {
            whole = false;
            if (zmq.recv(socket_of(wire), data, capacity, SC_ZMQ_DONTWAIT) < 0) return 0;
        }
        if (whole) return (size_t)got;
    }
}

void sc_wire_wait(sc_wire *const *wires, size_t count, int timeout_ms)
{
    sc_zmq_pollitem items[SC_MAX_INSTANCES];
    int used = 0;
    for (size_t i = 0; i < count && i < SC_MAX_INSTANCES; i++)
        if (wires[i]) items[used++] = (sc_zmq_pollitem){.socket = socket_of(wires[i]), .events = SC_ZMQ_POLLIN};
    if (used > 0 && zmq.poll(items, used, timeout_ms) >= 0) return;
    const struct timespec pause = {.tv_nsec = timeout_ms * 1000000L};
    nanosleep(&pause, NULL);
}
