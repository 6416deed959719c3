#define _GNU_SOURCE
#include "script.h"

#include "../sidechain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_LOOP_PPQ 0.0625
#define MAX_WORDS 8

void sp_script_default(sp_script *script)
{
    *script = (sp_script){.bpm = 120.0, .numerator = 4, .denominator = 4, .block_frames = 512, .split = true};
}

void sp_script_free(sp_script *script)
{
    free(script->events);
    script->events = NULL;
}

static bool number(const char *word, double low, double high, double *value)
{
    char *end;
    *value = strtod(word, &end);
    return end != word && *end == '\0' && *value >= low && *value <= high;
}

/* "4800" is a frame, "2.5s" a time. */
static bool frame_of(const char *word, double rate_hz, uint64_t *frame)
{
    char text[32];
    double value;
    const size_t length = strlen(word);
    if (length == 0 || length >= sizeof text) return false;
    strcpy(text, word);
    const bool seconds = text[length - 1] == 's';
    if (seconds) text[length - 1] = '\0';
    if (!number(text, 0.0, 1e15, &value) || (!seconds && value > floor(value))) return false;
    *frame = (uint64_t)llround(seconds ? value * rate_hz : value);
    return true;
}

static bool meter_of(const char *above, const char *below, double *numerator, double *denominator)
{
    return number(above, 1.0, 255.0, numerator) && number(below, 1.0, 128.0, denominator) &&
           *numerator <= floor(*numerator) && exp2(floor(log2(*denominator))) >= *denominator;
}

bool sp_parse_keep(const char *text, sp_event *event)
{
    char unit[16];
    int used = 0;
    *event = (sp_event){0};
    if (sscanf(text, " keep %15s %lf %n", unit, &event->a, &used) != 2) return false;
    const bool bars = strcmp(unit, "bars") == 0;
    if (!bars && strcmp(unit, "seconds") != 0) return false;
    event->kind = bars ? SP_KEEP_BARS : SP_KEEP_SECONDS;
    if (!(event->a > 0.0 && event->a <= 900.0) || (bars && (event->a > 64.0 || event->a > floor(event->a)))) return false;
    const char *rest = text + used;
    if (strncmp(rest, "post", 4) == 0 && (rest[4] == ' ' || rest[4] == '\0')) {
        event->post = true;
        rest += 4 + strspn(rest + 4, " ");
    }
    snprintf(event->title, sizeof event->title, "%s", rest);
    return true;
}

bool sp_parse_preview(const char *text, sp_event *event)
{
    char kind[8], target[72] = "", sync[8] = "";
    *event = (sp_event){.kind = SP_PREVIEW_STOP};
    const int found = sscanf(text, " preview %7s %71s %7s", kind, target, sync);
    if (found == 1) return strcmp(kind, "stop") == 0;
    event->kind = SP_PREVIEW;
    event->a = strcmp(kind, "take") == 0 ? SC_PLAY_TAKE : SC_PLAY_ITEM;
    event->b = strcmp(sync, "sync") == 0;
    snprintf(event->title, sizeof event->title, "%s", target);
    return found >= 2 && (found == 2 || event->b > 0.0) && (event->a > 0.0 || strcmp(kind, "item") == 0);
}

/* "at FRAME what ...": words[2] is what. */
static bool event_of(char **words, size_t count, sp_event *event)
{
    const char *what = words[2];
    const char *one = count > 3 ? words[3] : "", *two = count > 4 ? words[4] : "";
    if (strcmp(what, "tempo") == 0) {
        event->kind = SP_TEMPO;
        return count == 4 && number(one, 1.0, 10000.0, &event->a);
    }
    if (strcmp(what, "meter") == 0) {
        event->kind = SP_METER;
        return count == 5 && meter_of(one, two, &event->a, &event->b);
    }
    if (strcmp(what, "jump") == 0) {
        event->kind = SP_JUMP;
        return count == 4 && number(one, -1e9, 1e9, &event->a);
    }
    if (strcmp(what, "loop") == 0 && strcmp(one, "off") == 0) {
        event->kind = SP_LOOP_OFF;
        return count == 4;
    }
    if (strcmp(what, "loop") == 0) {
        event->kind = SP_LOOP;
        return count == 5 && number(one, -1e9, 1e9, &event->a) && number(two, event->a + MIN_LOOP_PPQ, 1e9, &event->b);
    }
    if (strcmp(what, "rate") == 0) {
        event->kind = SP_RATE;
        return count == 4 && number(one, 8000.0, 768000.0, &event->a);
    }
    if (strcmp(what, "offline") == 0 || strcmp(what, "record") == 0) {
        event->kind = what[0] == 'o' ? SP_OFFLINE : SP_RECORD;
        event->a = strcmp(one, "on") == 0;
        return count == 4 && (strcmp(one, "on") == 0 || strcmp(one, "off") == 0);
    }
    event->kind = strcmp(what, "play") == 0 ? SP_PLAY : SP_STOP;
    return count == 3 && (strcmp(what, "play") == 0 || strcmp(what, "stop") == 0);
}

static bool add(sp_script *script, const sp_event *event)
{
    if (!script->events) script->events = calloc(SP_MAX_EVENTS, sizeof *script->events);
    if (!script->events || script->count == SP_MAX_EVENTS) return false;
    size_t at = script->count++;
    for (; at > 0 && script->events[at - 1].frame > event->frame; at--) script->events[at] = script->events[at - 1];
    script->events[at] = *event;
    return true;
}

static bool setting(sp_script *script, char **words, size_t count, double rate_hz)
{
    double a = 0.0, b = 0.0;
    const char *what = words[0], *one = count > 1 ? words[1] : "";
    if (strcmp(what, "tempo") == 0 && count == 2) return number(one, 1.0, 10000.0, &script->bpm);
    if (strcmp(what, "start") == 0 && count == 3 && strcmp(one, "ppq") == 0)
        return number(words[2], -1e9, 1e9, &script->start_ppq);
    if (strcmp(what, "end") == 0 && count == 2) return frame_of(one, rate_hz, &script->end_frame);
    if (strcmp(what, "split") == 0 && count == 2) {
        script->split = strcmp(one, "on") == 0;
        return script->split || strcmp(one, "off") == 0;
    }
    if (strcmp(what, "block") == 0 && count == 2 && number(one, 1.0, 16384.0, &a) && a <= floor(a)) {
        script->block_frames = (uint32_t)a;
        return true;
    }
    if (strcmp(what, "meter") == 0 && count == 3 && meter_of(one, words[2], &a, &b)) {
        script->numerator = (uint32_t)a;
        script->denominator = (uint32_t)b;
        return true;
    }
    return false;
}

static bool line_of(sp_script *script, char *line, double rate_hz)
{
    char *words[MAX_WORDS], *rest = NULL, copy[512];
    size_t count = 0;
    line[strcspn(line, "#\r\n")] = '\0';
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
        if (count < MAX_WORDS) words[count++] = word;
    if (count == 0) return true;
    if (strcmp(words[0], "at") != 0) return setting(script, words, count, rate_hz);
    sp_event event = {0};
    uint64_t frame;
    if (count < 3 || !frame_of(words[1], rate_hz, &frame)) return false;
    const bool known = strcmp(words[2], "keep") == 0      ? sp_parse_keep(strstr(line, "keep"), &event)
                       : strcmp(words[2], "preview") == 0 ? sp_parse_preview(strstr(line, "preview"), &event)
                                                          : event_of(words, count, &event);
    event.frame = frame;
    return known && add(script, &event);
}

bool sp_script_read(const char *path, double rate_hz, sp_script *script, char *wrong, size_t wrong_bytes)
{
    char line[512];
    unsigned number_of_line = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        snprintf(wrong, wrong_bytes, "%s cannot be read.", path);
        return false;
    }
    while (fgets(line, sizeof line, file)) {
        number_of_line++;
        char shown[96];
        snprintf(shown, sizeof shown, "%.90s", line);
        shown[strcspn(shown, "\r\n")] = '\0';
        if (line_of(script, line, rate_hz)) continue;
        snprintf(wrong, wrong_bytes, "%s, line %u: \"%s\" is not understood; --help lists the lines.", path,
                 number_of_line, shown);
        fclose(file);
        return false;
    }
    fclose(file);
    return true;
}
