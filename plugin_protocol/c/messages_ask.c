/* What a window asks, to bytes. */
#include "messages.h"

#include "msgpack.h"

/* Which member of an sc_ask a field of the message is. */
typedef enum part { END, SUBJECT, TITLE, REMOVE, NUMBER, EXPORTED_KIND, PAGE_KIND, GENERATION, FIRST_FRAME, AT_FRAME, ON } part;

/* As ../messages.py and its neighbours declare them; `id` is the first field of each. */
static const struct {
    const char *tag;
    struct {
        const char *key;
        part part;
    } fields[7];
} ASKS[] = {
    [SC_ASK_FEED] = {"get_feed", {{"cursor", SUBJECT}, {"limit", NUMBER}}},
    [SC_ASK_PEAKS] = {"get_peaks", {{"generation", GENERATION}, {"first_frame", FIRST_FRAME}, {"end_frame", AT_FRAME}, {"columns", NUMBER}}},
    [SC_ASK_MARKS] = {"get_marks", {{"generation", GENERATION}, {"first_frame", FIRST_FRAME}, {"end_frame", AT_FRAME}}},
    [SC_ASK_EARLIER] = {"get_earlier", {{NULL, END}}},
    [SC_ASK_POST] = {"post_take", {{"take_id", SUBJECT}, {"title", TITLE}}},
    [SC_ASK_UNDO] = {"undo_post", {{"take_id", SUBJECT}}},
    [SC_ASK_KEEP_ALL] = {"keep_all", {{"generation", GENERATION}, {"at_frame", AT_FRAME}, {"bars", NUMBER}, {"title", TITLE}}},
    [SC_ASK_LIKE] = {"like_post", {{"post_id", SUBJECT}, {"like", ON}}},
    [SC_ASK_REACT] = {"react_post", {{"post_id", SUBJECT}, {"reaction", NUMBER}, {"react", ON}}},
    [SC_ASK_EXPORT] = {"export",
                       {{"kind", EXPORTED_KIND}, {"target", SUBJECT}, {"generation", GENERATION}, {"first_frame", FIRST_FRAME},
                        {"end_frame", AT_FRAME}, {"show", ON}}},
    [SC_ASK_TAKES] = {"get_takes", {{"cursor", SUBJECT}, {"search", TITLE}, {"limit", NUMBER}}},
    [SC_ASK_RENAME] = {"rename_take", {{"take_id", SUBJECT}, {"title", TITLE}}},
    [SC_ASK_TAG] = {"tag_take", {{"take_id", SUBJECT}, {"add", TITLE}, {"remove", REMOVE}}},
    [SC_ASK_DISCARD] = {"discard_take", {{"take_id", SUBJECT}, {"discard", ON}}},
    [SC_ASK_REPAIR] = {"repair_take", {{"take_id", SUBJECT}, {"repair", ON}}},
    [SC_ASK_FOLLOW] = {"follow_person", {{"username", SUBJECT}, {"follow", ON}}},
    [SC_ASK_OPEN_PAGE] = {"open_page", {{"kind", PAGE_KIND}, {"target", SUBJECT}}},
    [SC_ASK_CLAIM] = {"claim_device", {{NULL, END}}},
};

static const char *export_kind(uint32_t kind)
{
    return kind == SC_EXPORT_ITEM ? "item" : kind == SC_EXPORT_TAKE ? "take" : "history";
}

static void put(sc_pack *pack, part part, const sc_ask *ask)
{
    switch (part) {
    case SUBJECT: sc_pack_string(pack, ask->subject); break;
    case TITLE: sc_pack_string(pack, ask->title); break;
    case REMOVE: sc_pack_string(pack, ask->remove); break;
    case NUMBER: sc_pack_unsigned(pack, ask->number); break;
    case EXPORTED_KIND: sc_pack_string(pack, export_kind(ask->number)); break;
    case PAGE_KIND: sc_pack_string(pack, ask->number == SC_PAGE_TAKE ? "take" : "item"); break;
    case GENERATION: sc_pack_unsigned(pack, ask->generation); break;
    case FIRST_FRAME: sc_pack_unsigned(pack, ask->first_frame); break;
    case AT_FRAME: sc_pack_unsigned(pack, ask->at_frame); break;
    case ON: sc_pack_bool(pack, ask->on); break;
    case END: break;
    }
}

size_t sc_encode_ask(uint8_t *data, size_t capacity, const sc_ask *ask)
{
    sc_pack pack = {.data = data, .capacity = capacity};
    uint32_t count = 0;
    while (ASKS[ask->kind].fields[count].key) count++;
    sc_pack_map(&pack, 2 + count);
    sc_pack_string(&pack, "t");
    sc_pack_string(&pack, ASKS[ask->kind].tag);
    sc_pack_string(&pack, "id");
    sc_pack_unsigned(&pack, ask->id);
    for (uint32_t i = 0; i < count; i++) {
        sc_pack_string(&pack, ASKS[ask->kind].fields[i].key);
        put(&pack, ASKS[ask->kind].fields[i].part, ask);
    }
    return pack.failed ? 0 : pack.used;
}
