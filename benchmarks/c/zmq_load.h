/* libzmq's functions, found at run time: no header and no library of ZeroMQ is needed to build. The numbers are
   those of zmq.h of libzmq 4, which keeps its ABI. */
#ifndef SC_ZMQ_LOAD_H
#define SC_ZMQ_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SC_ZMQ_DEALER = 5,
    SC_ZMQ_PUSH = 8, /* benchmarks only */
    SC_ZMQ_RCVMORE = 13,
    SC_ZMQ_EVENTS = 15,
    SC_ZMQ_LINGER = 17,
    SC_ZMQ_RECONNECT_IVL = 18,
    SC_ZMQ_MAXMSGSIZE = 22,
    SC_ZMQ_SNDHWM = 23,
    SC_ZMQ_RCVHWM = 24,
    SC_ZMQ_IMMEDIATE = 39,
    SC_ZMQ_DONTWAIT = 1,
    SC_ZMQ_POLLIN = 1,
    SC_ZMQ_POLLOUT = 2
};

typedef struct sc_zmq_pollitem {
    void *socket;
    int fd;
    short events;
    short revents;
} sc_zmq_pollitem;

typedef struct sc_zmq {
    void (*version)(int *major, int *minor, int *patch);
    void *(*ctx_new)(void);
    int (*ctx_term)(void *context);
    void *(*socket)(void *context, int type);
    int (*close)(void *socket);
    int (*connect)(void *socket, const char *address);
    int (*setsockopt)(void *socket, int option, const void *value, size_t bytes);
    int (*getsockopt)(void *socket, int option, void *value, size_t *bytes);
    int (*send)(void *socket, const void *data, size_t bytes, int flags);
    int (*recv)(void *socket, void *data, size_t bytes, int flags);
    int (*poll)(sc_zmq_pollitem *items, int count, long timeout_ms);
} sc_zmq;

/* Fills `zmq`. path NULL: $SIDECHAIN_LIBZMQ, then "libzmq.so.5". The library stays mapped: its threads' exit code
   may still run while we would unmap it. False with a sentence in `reason`. */
bool sc_zmq_load(const char *path, sc_zmq *zmq, char *reason, size_t reason_bytes);

#endif
