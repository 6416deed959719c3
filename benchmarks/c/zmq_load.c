#include "zmq_load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_NAME "libzmq.so.5"

static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found); /* ISO C has no cast from object to function pointer; POSIX does */
    return found != NULL;
}

bool sc_zmq_load(const char *path, sc_zmq *zmq, char *reason, size_t reason_bytes)
{
    const char *chosen = getenv("SIDECHAIN_LIBZMQ");
    if (!path) path = chosen && *chosen ? chosen : USUAL_NAME;
    if (!*path) {
        snprintf(reason, reason_bytes, "Talking to the daemon is switched off.");
        return false;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(reason, reason_bytes, "No libzmq: %.200s. Recording goes on.", dlerror());
        return false;
    }
    if (find(library, "zmq_version", &zmq->version) && find(library, "zmq_ctx_new", &zmq->ctx_new) &&
        find(library, "zmq_ctx_term", &zmq->ctx_term) && find(library, "zmq_socket", &zmq->socket) &&
        find(library, "zmq_close", &zmq->close) && find(library, "zmq_connect", &zmq->connect) &&
        find(library, "zmq_setsockopt", &zmq->setsockopt) && find(library, "zmq_getsockopt", &zmq->getsockopt) &&
        find(library, "zmq_send", &zmq->send) && find(library, "zmq_recv", &zmq->recv) &&
        find(library, "zmq_poll", &zmq->poll)) {
        int major = 0, minor = 0, patch = 0;
        zmq->version(&major, &minor, &patch);
        if (major == 4) return true;
        snprintf(reason, reason_bytes, "%.150s is libzmq %d.%d.%d; version 4 is needed.", path, major, minor, patch);
    } else {
        snprintf(reason, reason_bytes, "%.150s is not libzmq 4: a function is missing.", path);
    }
    dlclose(library);
    return false;
}
