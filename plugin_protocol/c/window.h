/* What a window asked and what waits for it. All of it is under the worker's lock. */
#ifndef SC_WINDOW_H
#define SC_WINDOW_H

#include "messages.h"
#include "port.h"

typedef struct sc_ask_slot {
    sc_ask ask; /* id 0: the slot is free */
    uint32_t sent_in;  /* number of the session in which it was sent; 0: in none */
    uint64_t since_us; /* when the worker first saw it; 0: not yet */
} sc_ask_slot;

typedef struct sc_window {
    const sc_port *port;
    sc_event *told; /* SC_MAX_TOLD of them while the window is open, else NULL */
    uint32_t head; /* ever put */
    uint32_t tail; /* ever taken */
    uint64_t dropped;
    uint64_t next_id;
    uint32_t shown_in; /* number of the session that knows of `shown`; 0: none */
    bool shown;        /* what that session was told last */
    sc_ask_slot asks[SC_MAX_ASKS];
} sc_window;

/* Opens it with memory for SC_MAX_TOLD events; false when it is open already, and that memory is not taken. */
bool sc_window_begin(sc_window *window, sc_event *told);

/* Closes it, forgets what was asked, and gives that memory back; NULL when it was not open. */
sc_event *sc_window_end(sc_window *window);

/* Puts what was heard where sc_window_take finds it; nothing while there is no window. */
void sc_window_put(sc_window *window, const sc_event *event);

/* Takes the oldest that waits; false when none does. */
bool sc_window_take(sc_window *window, sc_event *event);

/* Asks for what `kind`, `number` and `on` of `ask` say; its number, or 0 when there is no window or no room. */
uint64_t sc_window_ask(sc_window *window, const sc_ask *ask, const char *subject, const char *title);

/* Puts an answer if something waits for it. */
void sc_window_answered(sc_window *window, const sc_event *event);

/* Sends what is to be sent in an open session, and ends what is too old. [worker-thread] */
void sc_window_step(sc_window *window, uint64_t now_us);

#endif
