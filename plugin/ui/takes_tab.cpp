#include "takes_tab.hpp"

#include "field_view.hpp"

#include "Base.hpp"

#include <algorithm>
#include <cstring>

namespace ui {

namespace {

constexpr float kScrollStep = 56.0f;

} // namespace

void TakesTab::draw(Canvas &canvas)
{
    const Box &list = around_.layout.list, search = search_box(around_.layout);
    view_.settle(list, takes_);
    if (clicked_ == &search_) search_.place(field_place(canvas, search, search_, around_.pointer.x), extends_);
    for (size_t i = 0; i < takes_.rows().size() && clicked_ == &field_; i++)
        if (view_.editing == takes_.rows()[i].take.take_id)
            field_.place(field_place(canvas, view_.row(list, i).edit, field_, around_.pointer.x), extends_);
    clicked_ = nullptr;
    draw_in_sync(canvas, around_.layout.sync, around_.in_sync, around_.pointer);
    draw_field(canvas, search, search_, around_.pointer, "Search takes");
    const std::string why = in_place();
    view_.draw(canvas, list, {takes_, playing_, around_.pointer, field_, why, around_.now_us, around_.steady_us, around_.status.signed_in(), editing_ == Editing::kTags});
}

std::string TakesTab::in_place() const
{
    if (!takes_.rows().empty()) return "";
    if (!around_.status.daemon_there()) return "Sidechain is not running. Your takes are on this computer, and listed here when it does.";
    if (!takes_.trouble().empty()) return takes_.trouble();
    if (!takes_.started()) return "Loading …";
    if (!takes_.search().empty()) return "No take matches “" + takes_.search() + "”. Names, tags, tracks, hosts, tempos and keys are searched.";
    return "No takes yet. Play something, then press Keep: it is listed here.";
}

/* What is told -------------------------------------------------------------------------------------------------- */

bool TakesTab::hear(const sc_event &event)
{
    playing_.hear(event);
    if (event.kind == SC_EVENT_TAKE_GONE) gone(event.take_gone.take_id);
    if (told_of_ask(event)) return true;
    return takes_.hear(event, around_.steady_us) && event.id != 0;
}

bool TakesTab::told_of_ask(const sc_event &event)
{
    const bool answers = event.kind == SC_EVENT_ASKED || event.kind == SC_EVENT_ASK_FAILED || event.kind == SC_EVENT_EXPORTED;
    const auto asked = std::find(asks_.begin(), asks_.end(), event.id);
    if (!answers || asked == asks_.end()) return false;
    asks_.erase(asked);
    if (event.kind == SC_EVENT_ASK_FAILED) {
        services_.toast(event.failed.message);
        discarding_.erase(std::remove_if(discarding_.begin(), discarding_.end(), [&](const Discard &each) { return each.asked == event.id; }), discarding_.end());
    }
    if (event.id == copying_ && event.kind == SC_EVENT_EXPORTED && services_.copy(event.exported.path))
        services_.toast(std::string("Copied ") + event.exported.path);
    if (event.id == copying_) copying_ = 0;
    return true;
}

/* Still listed. The one behind it is chosen next, and what was discarded here can be had back. */
void TakesTab::gone(const char *take_id)
{
    const auto &rows = takes_.rows();
    for (size_t i = 0; i < rows.size() && view_.selected == take_id; i++)
        if (view_.selected == rows[i].take.take_id && rows.size() > 1) view_.selected = rows[i + 1 < rows.size() ? i + 1 : i - 1].take.take_id;
    const auto asked = std::find_if(discarding_.begin(), discarding_.end(), [&](const Discard &each) { return each.take_id == take_id; });
    if (asked == discarding_.end()) return;
    discarded_.push_back(*asked);
    discarding_.erase(asked);
    undo_until_us_ = around_.steady_us + kUndoUs;
    offer_undo();
}

bool TakesTab::step(bool shown)
{
    const bool there = around_.status.daemon_there();
    if (there && !was_there_) takes_.forget();
    was_there_ = there;
    bool changed = playing_.follow(around_.client);
    if (!view_.undo.empty() && around_.steady_us > undo_until_us_) {
        discarded_.clear();
        offer_undo();
        changed = true;
    }
    if (shown) ask_for_rows();
    return changed;
}

void TakesTab::ask_for_rows()
{
    if (!around_.status.daemon_there() || !takes_.wants(view_.unseen(around_.layout.list, takes_))) return;
    if (const uint64_t id = sc_window_get_takes(around_.client, takes_.cursor().c_str(), takes_.search().c_str(), Takes::kPage)) takes_.asked(id);
}

void TakesTab::ask(uint64_t id)
{
    if (id) asks_.push_back(id);
    else services_.toast("Too many requests at once. Try again in a moment.");
}

/* Pointer ------------------------------------------------------------------------------------------------------- */

bool TakesTab::press(const Press &press)
{
    if (!press.down) return false;
    if (!covers() && press_in_field(press.held & DGL_NAMESPACE::kModifierShift)) return true;
    search_.focused = false;
    end_edit(true);
    const TakeHit hit = view_.hit(around_.layout.list, takes_, around_.pointer);
    const std::string menu_of = view_.menu_of;
    view_.menu_of.clear();
    if (around_.pointer.over(around_.layout.sync)) return services_.set_in_sync(!around_.in_sync), true;
    if (hit.kind == TakeHit::kNothing) return !menu_of.empty();
    if (hit.kind == TakeHit::kMore && menu_of == takes_.rows()[hit.row].take.take_id) return true; /* closed by what opened it */
    act(hit);
    return true;
}

bool TakesTab::press_in_field(bool extend)
{
    const Box &list = around_.layout.list;
    TextField *field = around_.pointer.over(search_box(around_.layout)) ? &search_ : nullptr;
    for (size_t i = 0; i < takes_.rows().size() && editing_ != Editing::kNothing && !field; i++)
        if (view_.editing == takes_.rows()[i].take.take_id && around_.pointer.over(view_.row(list, i).edit)) field = &field_;
    if (!field) return false;
    if (field == &search_) end_edit(true);
    view_.menu_of.clear();
    extends_ = extend && field->focused;
    search_.focused = field == &search_;
    clicked_ = field;
    services_.focus_keyboard();
    return true;
}

void TakesTab::act(const TakeHit &hit)
{
    if (hit.kind == TakeHit::kUndo) return take_back();
    if (hit.kind == TakeHit::kElsewhere) return;
    const TakeEntry entry = takes_.rows()[hit.row];
    view_.selected = entry.take.take_id;
    switch (hit.kind) {
    case TakeHit::kPlay: play(entry.take); break;
    case TakeHit::kPost: post_or_undo(entry); break;
    case TakeHit::kMore: view_.menu_of = entry.take.take_id; break;
    case TakeHit::kDeed: carry_out(hit.deed, entry); break;
    default: drag(entry.take); break;
    }
}

bool TakesTab::wheel(const Wheel &wheel)
{
    return around_.pointer.over(around_.layout.feed) && scroll_by(static_cast<float>(-wheel.along) * kScrollStep);
}

bool TakesTab::scroll_by(float points)
{
    view_.menu_of.clear();
    view_.scroll += points;
    view_.settle(around_.layout.list, takes_);
    return true;
}

void TakesTab::leave()
{
    search_.focused = false;
    end_edit(true);
    view_.menu_of.clear();
}

/* Keyboard ------------------------------------------------------------------------------------------------------ */

bool TakesTab::key(unsigned key, unsigned held)
{
    if (editing_ != Editing::kNothing) return edit_key(key, held);
    if (search_.focused) return search_key(key, held);
    if ((held & DGL_NAMESPACE::kModifierControl) && key == 'f') {
        search_.focused = true;
        search_.select_all();
        return true;
    }
    if ((held & DGL_NAMESPACE::kModifierControl) && key == 'z' && !discarded_.empty()) return take_back(), true;
    const TakeEntry *chosen = takes_.find(view_.selected);
    const sc_take take = chosen ? chosen->take : sc_take{};
    switch (key) {
    case DGL_NAMESPACE::kKeyDown: move_selection(1); return true;
    case DGL_NAMESPACE::kKeyUp: move_selection(-1); return true;
    case DGL_NAMESPACE::kKeyPageDown: return scroll_by(around_.layout.list.h * 0.9f);
    case DGL_NAMESPACE::kKeyPageUp: return scroll_by(-around_.layout.list.h * 0.9f);
    case DGL_NAMESPACE::kKeyHome: return scroll_by(-1e9f);
    case DGL_NAMESPACE::kKeyEnd: return scroll_by(1e9f);
    case DGL_NAMESPACE::kKeyEscape: view_.menu_of.clear(); return true;
    default: break; /* the host's: space plays, and so on */
    }
    if (!chosen) return false;
    if (key == '\r') play(take);
    else if (key == DGL_NAMESPACE::kKeyF2) edit(Editing::kName, take);
    else if (key == DGL_NAMESPACE::kKeyDelete) discard(take);
    else return false;
    return true;
}

bool TakesTab::search_key(unsigned key, unsigned held)
{
    if (key == DGL_NAMESPACE::kKeyEscape && search_.text().empty()) search_.focused = false;
    else if (key == DGL_NAMESPACE::kKeyEscape) search_.clear();
    else if (key == DGL_NAMESPACE::kKeyDown || key == '\r') search_.focused = false, move_selection(key == '\r' ? 0 : 1);
    else edit_field(search_, services_, key, held);
    takes_.look_for(search_.text());
    return true;
}

bool TakesTab::edit_key(unsigned key, unsigned held)
{
    if (key == DGL_NAMESPACE::kKeyEscape) end_edit(false);
    else if (key == '\r') end_edit(true);
    else edit_field(field_, services_, key, held);
    return true;
}

bool TakesTab::type(const char *text)
{
    TextField *field = editing_ != Editing::kNothing ? &field_ : search_.focused ? &search_ : nullptr;
    if (!field) return false;
    field->insert(text, std::strlen(text));
    if (field == &search_) takes_.look_for(search_.text());
    return true;
}

void TakesTab::move_selection(int by)
{
    const auto &rows = takes_.rows();
    if (rows.empty()) return;
    size_t at = 0;
    for (size_t i = 0; i < rows.size(); i++)
        if (view_.selected == rows[i].take.take_id) at = static_cast<size_t>(std::clamp(static_cast<int>(i) + by, 0, static_cast<int>(rows.size()) - 1));
    view_.menu_of.clear();
    view_.selected = rows[at].take.take_id;
    view_.reveal(around_.layout.list, at);
}

/* What is typed ------------------------------------------------------------------------------------------------- */

void TakesTab::edit(Editing what, const sc_take &take)
{
    editing_ = what;
    view_.editing = take.take_id;
    field_.set(what == Editing::kTags ? take.tags : take.titled ? take.name : "");
    field_.select_all();
    field_.focused = true;
    services_.focus_keyboard();
}

void TakesTab::end_edit(bool keep)
{
    const Editing what = editing_;
    const TakeEntry *entry = takes_.find(view_.editing);
    editing_ = Editing::kNothing;
    view_.editing.clear();
    field_.focused = false;
    if (!keep || !entry || what == Editing::kNothing) return;
    const sc_take &take = entry->take;
    if (what == Editing::kName && field_.text() != (take.titled ? take.name : "")) ask(sc_window_rename(around_.client, take.take_id, field_.text().c_str()));
    const TagChange change = tag_change(take.tags, field_.text());
    if (what == Editing::kTags && !(change.add.empty() && change.remove.empty()))
        ask(sc_window_tag(around_.client, take.take_id, change.add.c_str(), change.remove.c_str()));
}

/* What is done -------------------------------------------------------------------------------------------------- */

void TakesTab::carry_out(TakeDeed deed, const TakeEntry &entry)
{
    const sc_take &take = entry.take;
    Draggable what;
    what.target = take.take_id;
    switch (deed) {
    case TakeDeed::kRename: edit(Editing::kName, take); break;
    case TakeDeed::kTag: edit(Editing::kTags, take); break;
    case TakeDeed::kMend: ask(sc_window_repair(around_.client, take.take_id, true)); break;
    case TakeDeed::kUnmend: ask(sc_window_repair(around_.client, take.take_id, false)); break;
    case TakeDeed::kCopyPath: copy_path(take); break;
    case TakeDeed::kShowInFolder: ask(ask_for_file(around_.client, what, true)); break;
    case TakeDeed::kOpenPage: ask(sc_window_open_page(around_.client, SC_PAGE_TAKE, take.take_id)); break;
    case TakeDeed::kCopyLink:
        if (services_.copy(take.page_url)) services_.toast("Copied");
        break;
    case TakeDeed::kDiscard: discard(take); break;
    }
}

void TakesTab::play(const sc_take &take)
{
    if (playing_.is(take.take_id)) sc_client_stop_preview(around_.client);
    else if (sc_client_play(around_.client, SC_PLAY_TAKE, take.take_id, around_.in_sync, nullptr) != SC_OK)
        services_.toast("The host has not started its audio yet. Press play there once.");
}

void TakesTab::post_or_undo(const TakeEntry &entry)
{
    const PostButton button = post_button(entry, around_.steady_us);
    if (button.is_undo) ask(sc_window_undo(around_.client, entry.take.take_id));
    else if (button.enabled && around_.status.signed_in()) ask(sc_window_post(around_.client, entry.take.take_id, ""));
    else if (button.enabled) services_.toast("This device has no account yet: claim it on the tab Feed.");
}

void TakesTab::discard(const sc_take &take)
{
    const uint64_t id = sc_window_discard(around_.client, take.take_id, true);
    if (id) discarding_.push_back({id, take.take_id, take.name});
    ask(id);
}

void TakesTab::take_back()
{
    if (discarded_.empty()) return;
    ask(sc_window_discard(around_.client, discarded_.back().take_id.c_str(), false));
    discarded_.pop_back();
    undo_until_us_ = around_.steady_us + kUndoUs;
    offer_undo();
}

void TakesTab::offer_undo()
{
    const size_t count = discarded_.size();
    const std::string what = count < 2 ? "" : std::to_string(count) + " takes, last ";
    view_.undo = count == 0 ? "" : "Discarded " + what + "“" + discarded_.back().name + "”.";
}

void TakesTab::copy_path(const sc_take &take)
{
    Draggable what;
    what.target = take.take_id;
    copying_ = ask_for_file(around_.client, what, false);
    ask(copying_);
}

void TakesTab::drag(const sc_take &take)
{
    Draggable what;
    what.target = take.take_id;
    what.name = take.name;
    services_.may_drag(what);
}

} // namespace ui
