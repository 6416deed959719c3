#include "window.h"

#include "client.h"
#include "layout_gen.h"
#include "text.h"
#include "worker.h"

#include <stdio.h>
#include <string.h>

#define SENT_LIMIT_US 40000000u
#define UNSENT_LIMIT_US 2000000u

/* What the window calls ----------------------------------------------------------------------------------------- */

sc_result sc_window_open(sc_client *client)
{
    if (client->forked) return SC_ERROR_FORKED;
    sc_event *made = sc_client_allocate(client, SC_MAX_TOLD * sizeof(sc_event));
    if (!made) return SC_ERROR_MEMORY;
    sc_worker_lock();
    sc_window *window = &client->window;
    const bool is_open = window->told != NULL;
    if (!is_open) {
        window->told = made;
        window->head = window->tail = 0;
        if (client->session.link.kind == SC_EVENT_LINK) {
            made[0] = client->session.link;
            window->head = 1;
        }
    }
    sc_worker_unlock();
    if (is_open) sc_client_release(client, made);
    return SC_OK;
}

void sc_window_close(sc_client *client)
{
    if (client->forked) return;
    sc_worker_lock();
    sc_event *told = client->window.told;
    client->window.told = NULL;
    memset(client->window.asks, 0, sizeof client->window.asks);
    sc_worker_unlock();
    if (told) sc_client_release(client, told);
}

bool sc_window_poll(sc_client *client, sc_event *event)
{
    if (client->forked) return false;
    sc_worker_lock();
    sc_window *window = &client->window;
    const bool waits = window->told && window->head != window->tail;
    if (waits) *event = window->told[window->tail++ % SC_MAX_TOLD];
    sc_worker_unlock();
    return waits;
}

static uint64_t ask(sc_client *client, sc_ask_kind kind, const char *subject, const char *title, uint32_t number, bool on)
{
    uint64_t id = 0;
    if (client->forked) return 0;
    sc_worker_lock();
    sc_window *window = &client->window;
    for (int i = 0; i < SC_MAX_ASKS && window->told; i++) {
        sc_ask_slot *slot = &window->asks[i];
        if (slot->ask.id != 0) continue;
        memset(slot, 0, sizeof *slot);
        id = slot->ask.id = ++window->next_id;
        slot->ask.kind = kind;
        slot->ask.number = number;
        slot->ask.on = on;
        sc_utf8_copy(slot->ask.subject, sizeof slot->ask.subject, subject, SIZE_MAX, SC_CURSOR_CHARACTERS);
        sc_utf8_copy(slot->ask.title, sizeof slot->ask.title, title, SIZE_MAX, SC_TITLE_CHARACTERS);
        break;
    }
    sc_worker_unlock();
    return id;
}

uint64_t sc_window_get_feed(sc_client *client, const char *cursor, uint32_t limit)
{
    if (limit - 1u >= SC_MAX_FEED_PAGE) return 0;
    return ask(client, SC_ASK_FEED, cursor, "", limit, false);
}

uint64_t sc_window_post(sc_client *client, const char *take_id, const char *title)
{
    return ask(client, SC_ASK_POST, take_id, title, 0, false);
}

uint64_t sc_window_like(sc_client *client, const char *post_id, bool like)
{
    return ask(client, SC_ASK_LIKE, post_id, "", 0, like);
}

uint64_t sc_window_react(sc_client *client, const char *post_id, uint32_t reaction, bool react)
{
    return reaction < SC_REACTIONS ? ask(client, SC_ASK_REACT, post_id, "", reaction, react) : 0;
}

/* What the worker calls ----------------------------------------------------------------------------------------- */

void sc_window_tell(sc_client *client, const sc_event *event)
{
    sc_window *window = &client->window;
    if (!window->told) return;
    if (window->head - window->tail == SC_MAX_TOLD) window->dropped++;
    else window->told[window->head++ % SC_MAX_TOLD] = *event;
}

void sc_window_answered(sc_client *client, const sc_event *event)
{
    for (int i = 0; i < SC_MAX_ASKS; i++) {
        sc_ask_slot *slot = &client->window.asks[i];
        if (slot->ask.id == 0 || slot->ask.id != event->id) continue;
        slot->ask.id = 0;
        sc_window_tell(client, event);
    }
}

static void fail(sc_client *client, sc_ask_slot *slot)
{
    sc_event event = {.kind = SC_EVENT_ASK_FAILED, .id = slot->ask.id};
    snprintf(event.failed.code, sizeof event.failed.code, "%s", slot->sent_in ? "no_answer" : "no_daemon");
    snprintf(event.failed.message, sizeof event.failed.message, "%s",
             slot->sent_in ? "The daemon did not answer. Try again." : "Sidechain is not running. Start it, then try again.");
    sc_window_answered(client, &event);
}

void sc_window_step(sc_client *client, uint64_t now_us)
{
    uint8_t data[sizeof(sc_ask) + 256];
    sc_window *window = &client->window;
    const bool open = client->session.state == SC_LINK_OPEN, shown = window->told != NULL;
    const uint32_t session = client->session.number;
    if (open && (shown || window->shown) && (window->shown_in != session || window->shown != shown) &&
        sc_wire_send(client->session.wire, data, sc_encode_window_shown(data, sizeof data, shown))) {
        window->shown_in = session;
        window->shown = shown;
    }
    for (int i = 0; i < SC_MAX_ASKS; i++) {
        sc_ask_slot *slot = &window->asks[i];
        if (slot->ask.id == 0) continue;
        if (slot->since_us == 0) slot->since_us = now_us;
        if (open && slot->sent_in != session) {
            const size_t bytes = sc_encode_ask(data, sizeof data, &slot->ask);
            if (bytes > 0 && sc_wire_send(client->session.wire, data, bytes)) slot->sent_in = session;
        }
        if (now_us - slot->since_us >= (slot->sent_in ? SENT_LIMIT_US : UNSENT_LIMIT_US)) fail(client, slot);
    }
}
