#include "feed_tab.hpp"

#include "field_view.hpp"

#include "Base.hpp"

#include <cstring>

namespace ui {

namespace {

constexpr float kScrollStep = 56.0f;
constexpr uint64_t kCopiedUs = 2000000;

} // namespace

void FeedTab::draw(Canvas &canvas)
{
    view_.settle(around_.layout, feed_);
    if (clicked_) name_.place(field_place(canvas, FeedView::name_box(around_.layout, around_.status, feed_), name_, around_.pointer.x), extends_);
    clicked_ = false;
    const bool copied = around_.steady_us < copied_until_us_;
    view_.draw(canvas, around_.layout, {around_.status, feed_, playing_, around_.pointer, around_.now_us, copied, around_.in_sync, name_});
}

bool FeedTab::hear(const sc_event &event)
{
    if (told_of_ask(event)) return true;
    const bool answers = event.id != 0 && feed_.asked() == event.id && (event.kind == SC_EVENT_FEED_PAGE || event.kind == SC_EVENT_ASK_FAILED);
    if (answers) feed_.answered(event);
    playing_.hear(event);
    if (event.kind == SC_EVENT_ITEM_GONE && feed_.remove(event.item.post_id) && view_.picking == event.item.post_id) view_.picking.clear();
    if (event.kind == SC_EVENT_ITEM) {
        const Feed::Taken taken = feed_.take(event.item);
        if (taken.is_new) view_.inserted(around_.layout, taken.place);
    }
    const std::string &account = around_.status.account();
    if (!account.empty() && !account_.empty() && account_ != account) feed_.forget();
    if (!account.empty()) account_ = account;
    const bool online = around_.status.online(), posted = around_.status.kept() == Status::Take::kPosted;
    if ((online && !was_online_) || (posted && !was_posted_)) feed_.renew(); /* what was posted is among the newest now */
    was_online_ = online;
    was_posted_ = posted;
    return answers;
}

bool FeedTab::step(bool shown)
{
    const bool changed = playing_.follow(around_.client);
    if (shown) ask_for_rows();
    return changed || (copied_until_us_ && around_.steady_us > copied_until_us_ && (copied_until_us_ = 0, true));
}

void FeedTab::ask_for_rows()
{
    if (!around_.status.signed_in() || !feed_.wants(view_.unseen(around_.layout, feed_))) return;
    if (const uint64_t id = sc_window_get_feed(around_.client, feed_.cursor().c_str(), Feed::kPage)) feed_.asked(id);
}

/* Pointer and keyboard ------------------------------------------------------------------------------------------ */

bool FeedTab::press(const Press &press)
{
    if (!press.down) return false;
    const bool was_open = !view_.picking.empty() || !view_.menu_of.empty() || name_.focused;
    if (name_.focused && around_.pointer.over(FeedView::name_box(around_.layout, around_.status, feed_))) return place_caret(press);
    const Hit hit = view_.hit(around_.layout, around_.status, feed_, around_.pointer);
    const std::string menu_of = view_.menu_of;
    if (hit.kind != Hit::kFollow) leave();
    if (around_.pointer.over(around_.layout.sync)) services_.set_in_sync(!around_.in_sync);
    else if (hit.kind == Hit::kNothing) return was_open;
    else if (hit.kind == Hit::kName) return place_caret(press);
    else if (hit.kind == Hit::kRow) drag_row(hit.row);
    else if (hit.kind == Hit::kMore && menu_of == feed_.rows()[hit.row].post_id) return true; /* closed by what opened it */
    else act(hit);
    return true;
}

bool FeedTab::place_caret(const Press &press)
{
    extends_ = (press.held & DGL_NAMESPACE::kModifierShift) && name_.focused;
    name_.focused = clicked_ = true;
    services_.focus_keyboard();
    return true;
}

bool FeedTab::wheel(const Wheel &wheel)
{
    return around_.pointer.over(around_.layout.feed) && scroll_by(static_cast<float>(-wheel.along) * kScrollStep);
}

bool FeedTab::key(unsigned key, unsigned held)
{
    if (name_.focused) return name_key(key, held);
    const float page = around_.layout.list.h * 0.9f;
    switch (key) {
    case DGL_NAMESPACE::kKeyDown: return scroll_by(kScrollStep);
    case DGL_NAMESPACE::kKeyUp: return scroll_by(-kScrollStep);
    case DGL_NAMESPACE::kKeyPageDown: return scroll_by(page);
    case DGL_NAMESPACE::kKeyPageUp: return scroll_by(-page);
    case DGL_NAMESPACE::kKeyHome: return scroll_by(-1e9f);
    case DGL_NAMESPACE::kKeyEnd: return scroll_by(1e9f);
    case DGL_NAMESPACE::kKeyEscape: leave(); return true;
    default: return false; /* the host's: space plays, and so on */
    }
}

bool FeedTab::name_key(unsigned key, unsigned held)
{
    if (key == DGL_NAMESPACE::kKeyEscape) leave();
    else if (key == '\r') follow_named();
    else edit_field(name_, services_, key, held);
    return true;
}

bool FeedTab::type(const char *text)
{
    if (name_.focused) name_.insert(text, std::strlen(text));
    return name_.focused;
}

void FeedTab::leave()
{
    view_.picking.clear();
    view_.menu_of.clear();
    name_.focused = false;
}

bool FeedTab::scroll_by(float points)
{
    view_.picking.clear();
    view_.menu_of.clear();
    view_.scroll += points;
    view_.settle(around_.layout, feed_);
    return true;
}

/* What is done -------------------------------------------------------------------------------------------------- */

void FeedTab::act(const Hit &hit)
{
    const Card card = FeedView::card(around_.status, feed_);
    if (hit.kind == Hit::kCopy) return copy_command();
    if (hit.kind == Hit::kAct) return card.act == Card::Act::kClaim ? services_.claim() : services_.start_sidechain();
    if (hit.kind == Hit::kFollow) return follow_named();
    if (hit.row >= feed_.rows().size()) return;
    const sc_item item = feed_.rows()[hit.row];
    const bool reacted = item.reacted >> hit.reaction & 1u;
    switch (hit.kind) {
    case Hit::kPlay: play(item); break;
    case Hit::kLike: sc_window_like(around_.client, item.post_id, !item.liked); break;
    case Hit::kReaction: sc_window_react(around_.client, item.post_id, hit.reaction, !reacted); break;
    case Hit::kOpenPicker: view_.picking = item.post_id; break;
    case Hit::kMore: view_.menu_of = item.post_id; break;
    case Hit::kDeed: carry_out(hit.deed, item); break;
    default: break;
    }
}

void FeedTab::play(const sc_item &item)
{
    if (playing_.is(item.post_id)) sc_client_stop_preview(around_.client);
    else if (sc_client_play(around_.client, SC_PLAY_ITEM, item.post_id, around_.in_sync, nullptr) != SC_OK)
        services_.toast("The host has not started its audio yet. Press play there once.");
}

void FeedTab::carry_out(PostDeed deed, const sc_item &item)
{
    switch (deed) {
    case PostDeed::kOpenPage: ask(sc_window_open_page(around_.client, SC_PAGE_ITEM, item.post_id), ""); break;
    case PostDeed::kCopyLink:
        if (services_.copy(item.page_url)) services_.toast("Copied");
        break;
    case PostDeed::kCopyPath: ask(copying_ = ask_for_file(around_.client, draggable(item), false), ""); break;
    case PostDeed::kShowInFolder: ask(ask_for_file(around_.client, draggable(item), true), ""); break;
    case PostDeed::kFollow: follow(item.author, true); break;
    case PostDeed::kUnfollow: follow(item.author, false); break;
    }
}

void FeedTab::follow_named()
{
    if (name_.text().empty()) return;
    follow(name_.text(), true);
    name_.clear();
    name_.focused = false;
}

void FeedTab::follow(const std::string &name, bool on)
{
    const uint64_t id = sc_window_follow(around_.client, name.c_str(), on);
    ask(id, on ? "You follow " + name + " now." : "You do not follow " + name + " any more.");
    if (!id) return;
    if (on) view_.parted.erase(name);
    else view_.parted.insert(name);
}

void FeedTab::ask(uint64_t id, const std::string &done)
{
    if (id) asks_[id] = done;
    else services_.toast("Too many requests at once. Try again in a moment.");
}

/* What is said when it is done; of what failed, why. */
bool FeedTab::told_of_ask(const sc_event &event)
{
    const auto asked = asks_.find(event.id);
    const bool answers = event.kind == SC_EVENT_ASKED || event.kind == SC_EVENT_ASK_FAILED || event.kind == SC_EVENT_EXPORTED;
    if (!answers || asked == asks_.end()) return false;
    if (event.kind == SC_EVENT_ASK_FAILED) services_.toast(event.failed.message);
    else if (!asked->second.empty()) services_.toast(asked->second);
    if (event.kind == SC_EVENT_EXPORTED && event.id == copying_ && services_.copy(event.exported.path))
        services_.toast(std::string("Copied ") + event.exported.path);
    if (event.kind == SC_EVENT_ASKED && !asked->second.empty()) feed_.renew(); /* whose posts it has is otherwise now */
    asks_.erase(asked);
    return true;
}

Draggable FeedTab::draggable(const sc_item &item)
{
    Draggable what;
    what.kind = SC_EXPORT_ITEM;
    what.target = item.post_id;
    what.name = item.title;
    return what;
}

void FeedTab::drag_row(size_t row) { services_.may_drag(draggable(feed_.rows()[row])); }

void FeedTab::copy_command()
{
    if (!services_.copy(FeedView::card(around_.status, feed_).command)) return;
    services_.toast("Copied");
    copied_until_us_ = around_.steady_us + kCopiedUs;
}

} // namespace ui
