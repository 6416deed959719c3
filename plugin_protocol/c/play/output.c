#include "output.h"

#include <inttypes.h>
#include <stdio.h>

/* ,"key": "text" with the escapes of RFC 8259; text is UTF-8. */
static void put_text(const char *key, const char *text)
{
    printf(", \"%s\": \"", key);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\') printf("\\%c", *at);
        else if (*at < 0x20) printf("\\u%04x", *at);
        else putchar(*at);
    }
    putchar('"');
}

static void put_number(const char *key, uint64_t number)
{
    printf(", \"%s\": %" PRIu64, key, number);
}

static void put_hex(const char *key, const uint8_t *bytes, size_t count)
{
    printf(", \"%s\": \"", key);
    for (size_t i = 0; i < count; i++) printf("%02x", bytes[i]);
    putchar('"');
}

static void end_line(bool json)
{
    puts(json ? "}" : "");
    fflush(stdout);
}

void sp_say_ready(bool json, unsigned instance, const sc_info *info)
{
    if (json) {
        printf("{\"event\": \"ready\", \"index\": %u", instance);
        put_hex("instance", info->instance_id, sizeof info->instance_id);
        put_text("segment", info->segment);
        put_text("run_dir", info->run_dir);
        put_number("generation", info->generation);
        printf(", \"sample_rate_hz\": %.17g", info->sample_rate_hz);
        put_number("channels", info->channels);
        put_number("capacity_frames", info->capacity_frames);
    } else {
        printf("Recording into %s/%s: %.0f Hz, %u channel%s.", info->run_dir, info->segment, info->sample_rate_hz,
               info->channels, info->channels == 1 ? "" : "s");
    }
    end_line(json);
}

void sp_say_played(bool json, uint64_t frames)
{
    printf(json ? "{\"event\": \"played\", \"frames\": %" PRIu64 : "Played %" PRIu64 " frames.", frames);
    end_line(json);
}

static void put_fields(const sc_event *event)
{
    switch (event->kind) {
    case SC_EVENT_CONNECTED:
        put_text("daemon_version", event->connected.daemon_version);
        put_text("daemon_path", event->connected.daemon_path);
        break;
    case SC_EVENT_RECORDING: break;
    case SC_EVENT_ATTACHED: put_number("generation", event->attached.generation); break;
    case SC_EVENT_DISCONNECTED: put_text("message", event->disconnected.reason); break;
    case SC_EVENT_REFUSED:
        put_text("code", event->refused.code);
        put_text("message", event->refused.message);
        put_text("update_path", event->refused.update_path);
        break;
    case SC_EVENT_LINK:
        put_text("relay_state", event->link.relay_state);
        if (event->link.account[0]) put_text("account", event->link.account);
        else printf(", \"account\": null");
        put_number("friends_producing", event->link.friends_producing);
        break;
    case SC_EVENT_KEPT:
        put_number("id", event->id);
        put_text("take_id", event->kept.take_id);
        put_number("frames", event->kept.frames);
        put_number("bars", event->kept.bars);
        printf(", \"anchored\": %s", event->kept.anchored ? "true" : "false");
        put_text("note", event->kept.note);
        break;
    case SC_EVENT_KEEP_FAILED:
        put_number("id", event->id);
        put_text("code", event->failed.code);
        put_text("message", event->failed.message);
        break;
    case SC_EVENT_NOTICE:
        put_text("kind", event->notice.kind);
        put_text("message", event->notice.message);
        break;
    case SC_EVENT_PREVIEW_LOADING:
        put_number("id", event->id);
        put_text("stage", event->loading.stage);
        printf(", \"fraction\": %.3f", event->loading.fraction);
        break;
    case SC_EVENT_PREVIEW_OPENED:
        put_number("id", event->id);
        put_text("kind", event->opened.kind);
        put_text("target", event->opened.target);
        put_text("title", event->opened.title);
        put_number("frames", event->opened.frames);
        printf(", \"in_sync\": %s, \"at_bar\": %s", event->opened.in_sync ? "true" : "false", event->opened.at_bar ? "true" : "false");
        put_text("note", event->opened.note);
        break;
    case SC_EVENT_PREVIEW_ENDED:
        put_number("id", event->id);
        put_text("code", event->ended.code);
        put_text("message", event->ended.message);
        break;
    case SC_EVENT_PREVIEW_FAILED:
        put_number("id", event->id);
        put_text("code", event->failed.code);
        put_text("message", event->failed.message);
        break;
    default: break; /* to windows only */
    }
}

static const char *name_of(sc_event_kind kind)
{
    switch (kind) {
    case SC_EVENT_CONNECTED: return "connected";
    case SC_EVENT_RECORDING: return "recording";
    case SC_EVENT_ATTACHED: return "attached";
    case SC_EVENT_DISCONNECTED: return "disconnected";
    case SC_EVENT_REFUSED: return "refused";
    case SC_EVENT_LINK: return "link";
    case SC_EVENT_KEPT: return "kept";
    case SC_EVENT_KEEP_FAILED: return "keep_failed";
    case SC_EVENT_NOTICE: return "notice";
    case SC_EVENT_PREVIEW_LOADING: return "preview_loading";
    case SC_EVENT_PREVIEW_OPENED: return "preview_opened";
    case SC_EVENT_PREVIEW_ENDED: return "preview_ended";
    case SC_EVENT_PREVIEW_FAILED: return "preview_failed";
    default: return "to a window";
    }
}

static const char *words_of(const sc_event *event)
{
    switch (event->kind) {
    case SC_EVENT_CONNECTED: return event->connected.daemon_version;
    case SC_EVENT_DISCONNECTED: return event->disconnected.reason;
    case SC_EVENT_REFUSED: return event->refused.message;
    case SC_EVENT_LINK: return event->link.relay_state;
    case SC_EVENT_KEEP_FAILED:
    case SC_EVENT_PREVIEW_FAILED: return event->failed.message;
    case SC_EVENT_NOTICE: return event->notice.message;
    case SC_EVENT_PREVIEW_LOADING: return event->loading.stage;
    case SC_EVENT_PREVIEW_OPENED: return event->opened.title;
    case SC_EVENT_PREVIEW_ENDED: return event->ended.message;
    default: return "";
    }
}

void sp_say_event(bool json, unsigned instance, const sc_event *event)
{
    const sc_kept *kept = &event->kept;
    if (json) {
        printf("{\"event\": \"%s\", \"index\": %u", name_of(event->kind), instance);
        put_fields(event);
    } else if (event->kind == SC_EVENT_KEPT) {
        printf("Kept %" PRIu64 " frames (%u bars) as %s. %s", kept->frames, kept->bars, kept->take_id, kept->note);
    } else {
        printf("%s: %s", name_of(event->kind), words_of(event));
    }
    end_line(json);
}
