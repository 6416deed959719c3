/* What the worker does for one client, again and again; and what the client's parts may say and tell. */
#include "client.h"

/* What its parts know of the whole --------------------------------------------------------------------------- */

static uint32_t session_of(const void *whole)
{
    const sc_client *client = whole;
    return client->session.state == SC_SESSION_OPEN ? client->session.number : 0;
}

static bool say(void *whole, const uint8_t *data, size_t bytes)
{
    return sc_session_say(&((sc_client *)whole)->session, data, bytes);
}

static void tell(void *whole, const sc_event *event)
{
    sc_client *client = whole;
    sc_window_put(&client->window, event);
    sc_events_put(&client->events, &client->audio.told, event);
}

/* A step of the worker ------------------------------------------------------------------------------------------ */

/* Which part is meant by what the daemon says. */
static void hear(sc_client *client, const sc_event *event, uint64_t now_us)
{
    switch (event->kind) {
    case SC_EVENT_ATTACHED: sc_rings_attached(&client->rings, event); break;
    case SC_EVENT_REFUSED: sc_rings_refused(&client->rings, event, now_us); break;
    case SC_EVENT_KEPT:
    case SC_EVENT_KEEP_FAILED: sc_keeps_answered(&client->keeps, event); break;
    case SC_EVENT_NOTICE: tell(client, event); break;
    case SC_EVENT_PREVIEW_LOADING:
    case SC_EVENT_PREVIEW_OPENED:
    case SC_EVENT_PREVIEW_ENDED:
    case SC_EVENT_PREVIEW_FAILED: sc_preview_hear(&client->preview, event); break;
    case SC_EVENT_ITEM:
    case SC_EVENT_ITEM_GONE:
    case SC_EVENT_TAKE:
    case SC_EVENT_TAKE_GONE:
    case SC_EVENT_EARLIER_RING:
    case SC_EVENT_POSTING: sc_window_put(&client->window, event); break;
    case SC_EVENT_FEED_PAGE:
    case SC_EVENT_PEAKS:
    case SC_EVENT_MARKS:
    case SC_EVENT_KEPT_ALL:
    case SC_EVENT_EXPORTED:
    case SC_EVENT_TAKES_PAGE:
    case SC_EVENT_ASKED:
    case SC_EVENT_ASK_FAILED: sc_window_answered(&client->window, event); break;
    case SC_EVENT_CONNECTED:
    case SC_EVENT_LINK:
    case SC_EVENT_RECORDING:
    case SC_EVENT_DISCONNECTED: break; /* the session's, or our own word */
    }
}

/* The Ring: since when it is written to, whether its file is still there, and the one that activate could not have. */
static void look_after_rings(sc_client *client, uint64_t now_us)
{
    if (sc_rings_stamp(&client->rings, now_us))
        atomic_fetch_or_explicit(&client->audio.due, SC_DUE_RESUME, memory_order_relaxed);
    if (sc_rings_mend(&client->rings, now_us)) {
        /* The lock is held, so that no activation is under way. */
        if (atomic_load_explicit(&client->audio.live, memory_order_acquire))
            atomic_fetch_or_explicit(&client->audio.due, SC_DUE_MOVE, memory_order_release);
        else sc_client_move(client);
    }
    sc_generation *made = sc_rings_retry(&client->rings, now_us);
    if (!made) return;
    sc_client_record_to(client, made);
    tell(client, &(sc_event){.kind = SC_EVENT_RECORDING, .recording.connected = session_of(client) != 0});
}

static sc_wire *step(void *whole, uint64_t now_us)
{
    static sc_event event; /* there is one worker thread */
    sc_client *client = whole;
    /* In this order: of a Ring that was moved to, the daemon hears before a keep of it is sent. */
    sc_keeps_age(&client->keeps, now_us);
    look_after_rings(client, now_us);
    while (sc_session_hear(&client->session, &event, now_us)) hear(client, &event, now_us);
    sc_session_step(&client->session, now_us);
    sc_rings_step(&client->rings, now_us);
    if (!client->rings.newest) atomic_store(&client->keep_generation, 0);
    sc_keeps_send(&client->keeps);
    sc_session_beat(&client->session,
                    (sc_heartbeat){.process_count = sc_rings_calls(&client->rings),
                                   .playing = atomic_load_explicit(&client->audio.playing, memory_order_relaxed),
                                   .trouble = client->rings.reason},
                    now_us);
    sc_window_step(&client->window, now_us);
    sc_preview_step(&client->preview, now_us);
    return client->session.wire;
}

static void leave(void *whole)
{
    sc_session_end(&((sc_client *)whole)->session);
}

static void forget(void *whole)
{
    sc_client *client = whole;
    client->forked = true;
    atomic_store_explicit(&client->audio.live, false, memory_order_relaxed);
    if (client->session.wire) sc_wire_forget(client->session.wire);
}

void sc_client_serve(sc_client *client)
{
    client->port = (sc_port){.whole = client, .session = session_of, .say = say, .tell = tell};
    client->served = (sc_served){.whole = client, .step = step, .leave = leave, .forget = forget};
}
