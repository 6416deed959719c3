/* A Unix socket that speaks ZMTP: Linux, and macOS, where nothing of it was run. */
#define _GNU_SOURCE
#include "wire.h"

#include "platform_posix.h"
#include "zmtp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_NAME "plugin.sock" /* as bridge/paths.py */
#define MAX_WAITING_BYTES 65536u  /* that the kernel has not taken; more is refused */

struct sc_wire {
    sc_allocator allocator;
    int fd;
    bool lost;
    size_t waiting; /* bytes of `out` that are still to be sent */
    uint8_t out[MAX_WAITING_BYTES];
    sc_zmtp in;
};

static sc_wire *refuse(int fd, char *reason, size_t reason_bytes, int error)
{
    const bool nobody = error == ENOENT || error == ECONNREFUSED;
    if (nobody) snprintf(reason, reason_bytes, "No daemon is listening.");
    else if (error == EMFILE || error == ENFILE)
        snprintf(reason, reason_bytes, "No file descriptor is left for the link to the daemon: close some plugins, or "
                                       "raise the limit of open files. Recording goes on; it is tried again.");
    else snprintf(reason, reason_bytes, "The daemon cannot be reached: %s. Recording goes on; it is tried again.", strerror(error));
    if (fd >= 0) close(fd);
    return NULL;
}

sc_wire *sc_wire_open(const char *run_dir, const sc_allocator *allocator, char *reason, size_t reason_bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int bytes = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", run_dir, SOCKET_NAME);
    if (bytes < 0 || (size_t)bytes >= sizeof address.sun_path) return refuse(-1, reason, reason_bytes, ENAMETOOLONG);
    const int fd = sc_local_socket();
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return refuse(fd, reason, reason_bytes, errno);
    sc_wire *wire = allocator->allocate(allocator->context, sizeof *wire);
    if (!wire) return refuse(fd, reason, reason_bytes, ENOMEM);
    memset(wire, 0, sizeof *wire);
    wire->allocator = *allocator;
    wire->fd = fd;
    sc_zmtp_opening(wire->out);
    wire->waiting = SC_ZMTP_OPENING_BYTES;
    return wire;
}

static void flush(sc_wire *wire)
{
    while (wire->waiting > 0 && !wire->lost) {
        const ssize_t sent = send(wire->fd, wire->out, wire->waiting, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) return;
        if (sent < 0) {
            wire->lost = true;
            return;
        }
        wire->waiting -= (size_t)sent;
        memmove(wire->out, wire->out + sent, wire->waiting);
    }
}

void sc_wire_close(sc_wire *wire, int linger_ms)
{
    struct timespec pause = {.tv_nsec = 1000000};
    flush(wire);
    for (; wire->waiting > 0 && !wire->lost && linger_ms > 0; linger_ms--) {
        nanosleep(&pause, NULL);
        flush(wire);
    }
    sc_wire_forget(wire);
    wire->allocator.release(wire->allocator.context, wire);
}

void sc_wire_forget(sc_wire *wire)
{
    if (wire->fd >= 0) close(wire->fd);
    wire->fd = -1;
}

sc_wire_state sc_wire_look(sc_wire *wire)
{
    flush(wire);
    if (wire->lost || wire->in.state == SC_ZMTP_BROKEN) return SC_WIRE_LOST;
    return wire->in.state == SC_ZMTP_OPEN ? SC_WIRE_OPEN : SC_WIRE_OPENING;
}

bool sc_wire_send(sc_wire *wire, const uint8_t *data, size_t bytes)
{
    uint8_t head[SC_ZMTP_HEAD_BYTES];
    const size_t head_bytes = sc_zmtp_head(head, bytes);
    if (sc_wire_look(wire) != SC_WIRE_OPEN || head_bytes + bytes > sizeof wire->out - wire->waiting) return false;
    memcpy(wire->out + wire->waiting, head, head_bytes);
    memcpy(wire->out + wire->waiting + head_bytes, data, bytes);
    wire->waiting += head_bytes + bytes;
    flush(wire);
    return true;
}

size_t sc_wire_receive(sc_wire *wire, uint8_t *data, size_t capacity)
{
    for (;;) {
        size_t room;
        const size_t bytes = sc_zmtp_take(&wire->in, data, capacity);
        if (bytes > 0 || wire->lost || wire->in.state == SC_ZMTP_BROKEN) return bytes;
        uint8_t *to = sc_zmtp_room(&wire->in, &room);
        const ssize_t got = recv(wire->fd, to, room, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return 0;
        if (got <= 0) wire->lost = true; /* what it said before is taken first: it has been, above */
        else sc_zmtp_put(&wire->in, (size_t)got);
    }
}

void sc_wire_wait(sc_wire *const *wires, size_t count, int timeout_ms)
{
    struct pollfd watched[SC_MAX_INSTANCES];
    nfds_t used = 0;
    for (size_t i = 0; i < count && used < SC_MAX_INSTANCES; i++) {
        if (!wires[i] || wires[i]->lost || wires[i]->in.state == SC_ZMTP_BROKEN) continue;
        const short events = (short)(POLLIN | (wires[i]->waiting > 0 ? POLLOUT : 0));
        watched[used++] = (struct pollfd){.fd = wires[i]->fd, .events = events};
    }
    (void)poll(watched, used, timeout_ms);
}
