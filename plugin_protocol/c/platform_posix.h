/* What POSIX leaves open between Linux and macOS, beside platform.h. */
#ifndef SC_PLATFORM_POSIX_H
#define SC_PLATFORM_POSIX_H

#include "platform.h"

/* A Unix stream socket that neither waits, nor is inherited, nor ends the process by a signal when its peer is gone: -1 with
   errno when there is none. [worker-thread] */
int sc_local_socket(void);

#endif
