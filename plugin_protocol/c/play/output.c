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
        put_text("daemon_version", event->text);
        put_text("daemon_path", event->path);
        break;
    case SC_EVENT_ATTACHED: put_number("generation", event->generation); break;
    case SC_EVENT_DISCONNECTED: put_text("message", event->text); break;
    case SC_EVENT_REFUSED:
        put_text("code", event->code);
        put_text("message", event->text);
        put_text("update_path", event->path);
        break;
    case SC_EVENT_LINK:
        put_text("relay_state", event->relay_state);
        if (event->account[0]) put_text("account", event->account);
        else printf(", \"account\": null");
        put_number("friends_producing", event->friends_producing);
        break;
    case SC_EVENT_KEPT:
        put_number("id", event->id);
        put_text("take_id", event->take_id);
        put_number("frames", event->frames);
        put_number("bars", event->bars);
        printf(", \"anchored\": %s", event->anchored ? "true" : "false");
        put_text("note", event->text);
        break;
    case SC_EVENT_KEEP_FAILED:
        put_number("id", event->id);
        put_text("code", event->code);
        put_text("message", event->text);
        break;
    case SC_EVENT_NOTICE:
        put_text("kind", event->code);
        put_text("message", event->text);
        break;
    case SC_EVENT_PREVIEW_LOADING:
        put_number("id", event->id);
        put_text("stage", event->code);
        printf(", \"fraction\": %.3f", event->fraction);
        break;
    case SC_EVENT_PREVIEW_OPENED:
        put_number("id", event->id);
        put_text("kind", event->code);
        put_text("target", event->target);
        put_text("title", event->title);
        put_number("frames", event->frames);
        printf(", \"in_sync\": %s, \"at_bar\": %s", event->in_sync ? "true" : "false", event->at_bar ? "true" : "false");
        put_text("note", event->text);
        break;
    case SC_EVENT_PREVIEW_ENDED:
    case SC_EVENT_PREVIEW_FAILED:
        put_number("id", event->id);
        put_text("code", event->code);
        put_text("message", event->text);
        break;
    default: break; /* to windows only */
    }
}

void sp_say_event(bool json, unsigned instance, const sc_event *event)
{
    static const char *const NAMES[] = {
        [SC_EVENT_CONNECTED] = "connected", [SC_EVENT_ATTACHED] = "attached",
        [SC_EVENT_DISCONNECTED] = "disconnected", [SC_EVENT_REFUSED] = "refused",
        [SC_EVENT_LINK] = "link", [SC_EVENT_KEPT] = "kept",
        [SC_EVENT_KEEP_FAILED] = "keep_failed", [SC_EVENT_NOTICE] = "notice",
        [SC_EVENT_PREVIEW_LOADING] = "preview_loading", [SC_EVENT_PREVIEW_OPENED] = "preview_opened",
        [SC_EVENT_PREVIEW_ENDED] = "preview_ended", [SC_EVENT_PREVIEW_FAILED] = "preview_failed",
    };
    if (json) {
        printf("{\"event\": \"%s\", \"index\": %u", NAMES[event->kind], instance);
        put_fields(event);
    } else if (event->kind == SC_EVENT_KEPT) {
        printf("Kept %" PRIu64 " frames (%u bars) as %s. %s", event->frames, event->bars, event->take_id, event->text);
    } else {
        printf("%s: %s%s", NAMES[event->kind], event->text, event->relay_state);
    }
    end_line(json);
}
