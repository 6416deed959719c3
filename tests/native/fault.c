/* A clock that does what no real-time code may: the linker puts it in the place of sc_now_ns (--wrap). */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t __real_sc_now_ns(void);
uint64_t __wrap_sc_now_ns(void);

uint64_t __wrap_sc_now_ns(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    void *volatile memory = malloc(64);
    free(memory);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    if (write(-1, "", 0) >= 0) abort();
    return __real_sc_now_ns();
}
