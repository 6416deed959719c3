#include "client.h"
#include "platform.h"

#include <math.h>
#include <string.h>

/* For two seconds of previews at least, of which one may be ahead. Its pages are touched when the first preview comes, by the worker. */
bool sc_client_open_player(sc_client *client, double rate_hz, uint32_t channels)
{
    uint64_t size = SC_MIN_CAPACITY_FRAMES;
    while ((double)size < 2.0 * rate_hz) size *= 2;
    float *frames = client->allocator.allocate(client->allocator.context, size * channels * sizeof(float));
    if (!frames) return false;
    sc_worker_lock();
    sc_player_open(&client->player, frames, size - 1, channels, rate_hz);
    sc_worker_unlock();
    return true;
}

void sc_client_close_player(sc_client *client)
{
    sc_worker_lock();
    sc_preview_end(&client->preview, "stopped", "The host stopped this plugin.");
    float *frames = client->player.frames;
    sc_player_open(&client->player, NULL, 0, 0, 0.0);
    sc_worker_unlock();
    if (frames) client->allocator.release(client->allocator.context, frames);
}

sc_result sc_client_play(sc_client *client, sc_play_kind kind, const char *target, bool in_sync,
                         uint64_t *id) SC_REALTIME
{
    if (client->forked) return SC_ERROR_FORKED;
    if (!target || !target[0] || kind > SC_PLAY_TAKE) return SC_ERROR_ARGUMENT;
    const uint64_t generation = atomic_load(&client->keep_generation);
    if (generation == 0) return SC_ERROR_INACTIVE;
    const sc_play play = {.generation = generation, .kind = kind, .in_sync = in_sync};
    const uint64_t asked = sc_preview_ask(&client->preview, &play, target);
    if (id && asked) *id = asked;
    return asked ? SC_OK : SC_ERROR_LIMIT;
}

void sc_client_stop_preview(sc_client *client) SC_REALTIME
{
    if (!client->forked) sc_preview_ask_stop(&client->preview);
}

void sc_client_set_preview_gain(sc_client *client, double gain_db) SC_REALTIME
{
    unsigned bits;
    if (isnan(gain_db)) return;
    const float gain = gain_db <= SC_MIN_GAIN_DB ? 0.0f : (float)pow(10.0, fmin(gain_db, SC_MAX_GAIN_DB) / 20.0);
    memcpy(&bits, &gain, sizeof bits);
    atomic_store_explicit(&client->player.gain_bits, bits, memory_order_relaxed);
}

SC_AUDIO uint32_t sc_client_mix(sc_client *client, float *const *channels, uint32_t frames,
                                const sc_transport *transport) SC_REALTIME
{
    if (!atomic_load_explicit(&client->audio.live, memory_order_acquire) ||
        !atomic_load_explicit(&client->audio.previewing, memory_order_relaxed))
        return 0;
    const uint32_t added = sc_player_mix(&client->player, channels, frames, transport);
    /* The exchange reads what the worker rang last, and so sees the command that it rang for. */
    if (sc_player_is_idle(&client->player) && atomic_exchange_explicit(&client->audio.previewing, false, memory_order_acq_rel) &&
        !sc_player_is_idle(&client->player))
        atomic_store_explicit(&client->audio.previewing, true, memory_order_relaxed);
    return added;
}

sc_preview_state sc_client_preview_state(const sc_client *client) SC_REALTIME
{
    sc_preview_state state = SC_PREVIEW_NONE;
    uint64_t heard_frames;
    if (atomic_load_explicit(&client->audio.previewing, memory_order_relaxed))
        (void)sc_player_shown(&client->player, &state, &heard_frames);
    if (state == SC_PREVIEW_NONE && atomic_load_explicit(&client->audio.preview_loading, memory_order_relaxed))
        return SC_PREVIEW_LOADING;
    return state;
}

void sc_client_preview(sc_client *client, sc_preview *preview)
{
    memset(preview, 0, sizeof *preview);
    if (client->forked) return;
    sc_worker_lock();
    const sc_event *about = &client->preview.about;
    preview->state = sc_client_preview_state(client);
    if (client->preview.open) {
        (void)sc_player_shown(&client->player, &preview->state, &preview->heard_frames);
        for (sc_play_kind kind = SC_PLAY_ITEM; kind <= SC_PLAY_HISTORY; kind++)
            if (strcmp(about->opened.kind, sc_play_kind_name(kind)) == 0) preview->kind = kind;
        preview->in_sync = about->opened.in_sync;
        preview->id = about->id;
        preview->frames = about->opened.frames;
        memcpy(preview->target, about->opened.target, sizeof preview->target);
        memcpy(preview->title, about->opened.title, sizeof preview->title);
    }
    sc_worker_unlock();
}
