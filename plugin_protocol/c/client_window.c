#include "client.h"
#include "text.h"
#include "window.h"
#include "worker.h"

sc_result sc_window_open(sc_client *client)
{
    if (client->forked) return SC_ERROR_FORKED;
    sc_event *made = sc_client_allocate(client, SC_MAX_TOLD * sizeof(sc_event));
    if (!made) return SC_ERROR_MEMORY;
    sc_worker_lock();
    const bool opened = sc_window_begin(&client->window, made);
    if (opened && client->session.link.kind == SC_EVENT_LINK) sc_window_put(&client->window, &client->session.link);
    sc_worker_unlock();
    if (!opened) sc_client_release(client, made);
    return SC_OK;
}

void sc_window_close(sc_client *client)
{
    if (client->forked) return;
    sc_worker_lock();
    sc_event *told = sc_window_end(&client->window);
    sc_worker_unlock();
    if (told) sc_client_release(client, told);
}

bool sc_window_poll(sc_client *client, sc_event *event)
{
    if (client->forked) return false;
    sc_worker_lock();
    const bool waited = sc_window_take(&client->window, event);
    sc_worker_unlock();
    return waited;
}

static uint64_t ask(sc_client *client, sc_ask what, const char *subject, const char *title)
{
    if (client->forked) return 0;
    sc_worker_lock();
    const uint64_t id = sc_window_ask(&client->window, &what, subject, title);
    sc_worker_unlock();
    return id;
}

static bool is_span(const sc_span *span)
{
    return span->generation != 0 && span->first_frame < span->end_frame && span->end_frame <= INT64_MAX;
}

uint64_t sc_window_get_feed(sc_client *client, const char *cursor, uint32_t limit)
{
    if (limit - 1u >= SC_MAX_FEED_PAGE) return 0;
    return ask(client, (sc_ask){.kind = SC_ASK_FEED, .number = limit}, cursor, "");
}

uint64_t sc_window_get_peaks(sc_client *client, uint64_t generation, uint64_t first_frame, uint64_t end_frame,
                             uint32_t columns)
{
    const sc_ask what = {
        .kind = SC_ASK_PEAKS, .number = columns, .generation = generation, .first_frame = first_frame, .at_frame = end_frame};
    if (columns - 1u >= SC_MAX_PEAK_COLUMNS || end_frame <= first_frame) return 0;
    return ask(client, what, "", "");
}

uint64_t sc_window_get_marks(sc_client *client, uint64_t generation, uint64_t first_frame, uint64_t end_frame)
{
    const sc_ask what = {.kind = SC_ASK_MARKS, .generation = generation, .first_frame = first_frame, .at_frame = end_frame};
    return end_frame <= first_frame ? 0 : ask(client, what, "", "");
}

sc_result sc_window_keep_span(sc_client *client, const sc_span *span, bool post, const char *title, uint64_t *id)
{
    if (client->forked) return SC_ERROR_FORKED;
    if (!is_span(span)) return SC_ERROR_ARGUMENT;
    const sc_keep keep = {.generation = span->generation,
                          .first_frame = span->first_frame,
                          .at_frame = span->end_frame,
                          .snap = span->snap,
                          .post = post};
    const uint64_t asked = sc_keeps_put(&client->keeps, &keep, title);
    if (id && asked) *id = asked;
    return asked ? SC_OK : SC_ERROR_LIMIT;
}

sc_result sc_window_listen(sc_client *client, const sc_span *span, const char *target, uint64_t *id)
{
    if (client->forked) return SC_ERROR_FORKED;
    if (!is_span(span) || !target || !target[0]) return SC_ERROR_ARGUMENT;
    const uint64_t generation = atomic_load(&client->keep_generation);
    if (generation == 0) return SC_ERROR_INACTIVE;
    const sc_play play = {.generation = generation,
                          .span_generation = span->generation,
                          .kind = SC_PLAY_HISTORY,
                          .first_frame = span->first_frame,
                          .end_frame = span->end_frame,
                          .snap = span->snap};
    const uint64_t asked = sc_preview_ask(&client->preview, &play, target);
    if (id && asked) *id = asked;
    return asked ? SC_OK : SC_ERROR_LIMIT;
}

uint64_t sc_window_post(sc_client *client, const char *take_id, const char *title)
{
    return ask(client, (sc_ask){.kind = SC_ASK_POST}, take_id, title);
}

uint64_t sc_window_undo(sc_client *client, const char *take_id)
{
    return ask(client, (sc_ask){.kind = SC_ASK_UNDO}, take_id, "");
}

uint64_t sc_window_keep_all(sc_client *client, uint32_t bars, const sc_span *span, const char *title)
{
    sc_ask what = {.kind = SC_ASK_KEEP_ALL, .number = bars};
    if (span) what.generation = span->generation, what.at_frame = span->end_frame;
    if (bars - 1u >= SC_MAX_BARS || !(span ? is_span(span) : sc_client_cut_here(client, &what.generation, &what.at_frame))) return 0;
    return ask(client, what, "", title);
}

uint64_t sc_window_export(sc_client *client, const sc_export *what)
{
    const sc_ask asked = {
        .kind = SC_ASK_EXPORT,
        .number = what->kind,
        .generation = what->generation,
        .first_frame = what->first_frame,
        .at_frame = what->end_frame,
        .on = what->show,
    };
    if (what->kind != SC_EXPORT_HISTORY && (!what->target || !what->target[0])) return 0;
    return ask(client, asked, what->target ? what->target : "", "");
}

uint64_t sc_window_get_takes(sc_client *client, const char *cursor, const char *search, uint32_t limit)
{
    if (limit - 1u >= SC_MAX_FEED_PAGE) return 0;
    return ask(client, (sc_ask){.kind = SC_ASK_TAKES, .number = limit}, cursor, search);
}

uint64_t sc_window_rename(sc_client *client, const char *take_id, const char *title)
{
    return take_id[0] ? ask(client, (sc_ask){.kind = SC_ASK_RENAME}, take_id, title) : 0;
}

uint64_t sc_window_tag(sc_client *client, const char *take_id, const char *add, const char *remove)
{
    sc_ask what = {.kind = SC_ASK_TAG};
    sc_utf8_copy(what.remove, sizeof what.remove, remove, SIZE_MAX, SC_TITLE_CHARACTERS);
    return take_id[0] ? ask(client, what, take_id, add) : 0;
}

uint64_t sc_window_discard(sc_client *client, const char *take_id, bool discard)
{
    return take_id[0] ? ask(client, (sc_ask){.kind = SC_ASK_DISCARD, .on = discard}, take_id, "") : 0;
}

uint64_t sc_window_repair(sc_client *client, const char *take_id, bool repair)
{
    return take_id[0] ? ask(client, (sc_ask){.kind = SC_ASK_REPAIR, .on = repair}, take_id, "") : 0;
}

uint64_t sc_window_get_earlier(sc_client *client)
{
    return ask(client, (sc_ask){.kind = SC_ASK_EARLIER}, "", "");
}

uint64_t sc_window_follow(sc_client *client, const char *username, bool follow)
{
    return username[0] ? ask(client, (sc_ask){.kind = SC_ASK_FOLLOW, .on = follow}, username, "") : 0;
}

uint64_t sc_window_open_page(sc_client *client, sc_page_kind kind, const char *target)
{
    return target[0] ? ask(client, (sc_ask){.kind = SC_ASK_OPEN_PAGE, .number = kind}, target, "") : 0;
}

uint64_t sc_window_claim(sc_client *client)
{
    return ask(client, (sc_ask){.kind = SC_ASK_CLAIM}, "", "");
}

uint64_t sc_window_like(sc_client *client, const char *post_id, bool like)
{
    return ask(client, (sc_ask){.kind = SC_ASK_LIKE, .on = like}, post_id, "");
}

uint64_t sc_window_react(sc_client *client, const char *post_id, uint32_t reaction, bool react)
{
    if (reaction >= SC_REACTIONS) return 0;
    return ask(client, (sc_ask){.kind = SC_ASK_REACT, .number = reaction, .on = react}, post_id, "");
}
