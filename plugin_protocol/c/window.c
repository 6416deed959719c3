#include "window.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define SENT_LIMIT_US 40000000u
#define UNSENT_LIMIT_US 2000000u

bool sc_window_begin(sc_window *window, sc_event *told)
{
    if (window->told) return false;
    window->told = told;
    window->head = window->tail = 0;
    return true;
}

sc_event *sc_window_end(sc_window *window)
{
    sc_event *told = window->told;
    window->told = NULL;
    memset(window->asks, 0, sizeof window->asks);
    return told;
}

void sc_window_put(sc_window *window, const sc_event *event)
{
    if (!window->told) return;
    if (window->head - window->tail == SC_MAX_TOLD) window->dropped++;
    else window->told[window->head++ % SC_MAX_TOLD] = *event;
}

bool sc_window_take(sc_window *window, sc_event *event)
{
    if (!window->told || window->head == window->tail) return false;
    *event = window->told[window->tail++ % SC_MAX_TOLD];
    return true;
}

uint64_t sc_window_ask(sc_window *window, const sc_ask *ask, const char *subject, const char *title)
{
    for (int i = 0; i < SC_MAX_ASKS && window->told; i++) {
        sc_ask_slot *slot = &window->asks[i];
        if (slot->ask.id != 0) continue;
        *slot = (sc_ask_slot){.ask = *ask};
        slot->ask.id = ++window->next_id;
        sc_utf8_copy(slot->ask.subject, sizeof slot->ask.subject, subject, SIZE_MAX, SC_CURSOR_CHARACTERS);
        sc_utf8_copy(slot->ask.title, sizeof slot->ask.title, title, SIZE_MAX, SC_TITLE_CHARACTERS);
        return slot->ask.id;
    }
    return 0;
}

void sc_window_answered(sc_window *window, const sc_event *event)
{
    for (int i = 0; i < SC_MAX_ASKS; i++) {
        sc_ask_slot *slot = &window->asks[i];
        if (slot->ask.id == 0 || slot->ask.id != event->id) continue;
        slot->ask.id = 0;
        sc_window_put(window, event);
    }
}

static void fail(sc_window *window, const sc_ask_slot *slot)
{
    sc_event event = {.kind = SC_EVENT_ASK_FAILED, .id = slot->ask.id};
    snprintf(event.failed.code, sizeof event.failed.code, "%s", slot->sent_in ? "no_answer" : "no_daemon");
    snprintf(event.failed.message, sizeof event.failed.message, "%s",
             slot->sent_in ? "The daemon did not answer. Try again." : "Sidechain is not running. Start it, then try again.");
    sc_window_answered(window, &event);
}

void sc_window_step(sc_window *window, uint64_t now_us)
{
    uint8_t data[sizeof(sc_ask) + 256];
    const bool shown = window->told != NULL;
    const uint32_t session = sc_session_of(window->port);
    if (session && (shown || window->shown) && (window->shown_in != session || window->shown != shown) &&
        sc_say(window->port, data, sc_encode_window_shown(data, sizeof data, shown))) {
        window->shown_in = session;
        window->shown = shown;
    }
    for (int i = 0; i < SC_MAX_ASKS; i++) {
        sc_ask_slot *slot = &window->asks[i];
        if (slot->ask.id == 0) continue;
        if (slot->since_us == 0) slot->since_us = now_us;
        if (session && slot->sent_in != session &&
            sc_say(window->port, data, sc_encode_ask(data, sizeof data, &slot->ask)))
            slot->sent_in = session;
        if (now_us - slot->since_us >= (slot->sent_in ? SENT_LIMIT_US : UNSENT_LIMIT_US)) fail(window, slot);
    }
}
