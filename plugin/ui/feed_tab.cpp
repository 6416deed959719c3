#include "feed_tab.hpp"

#include "Base.hpp"

namespace ui {

namespace {

constexpr float kScrollStep = 56.0f;
constexpr uint64_t kCopiedUs = 2000000;

} // namespace

void FeedTab::draw(Canvas &canvas)
{
    view_.settle(around_.layout, feed_);
    const bool copied = around_.steady_us < copied_until_us_;
    view_.draw(canvas, around_.layout, {around_.status, feed_, playing_, around_.pointer, around_.now_us, copied, around_.in_sync});
}

bool FeedTab::hear(const sc_event &event)
{
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
    const bool was_picking = !view_.picking.empty();
    const Hit hit = view_.hit(around_.layout, around_.status, feed_, around_.pointer);
    view_.picking.clear();
    if (around_.pointer.over(around_.layout.sync)) services_.set_in_sync(!around_.in_sync);
    else if (hit.kind == Hit::kNothing) return was_picking;
    else if (hit.kind == Hit::kRow) drag_row(hit.row);
    else act(hit);
    return true;
}

bool FeedTab::wheel(const Wheel &wheel)
{
    return around_.pointer.over(around_.layout.feed) && scroll_by(static_cast<float>(-wheel.along) * kScrollStep);
}

bool FeedTab::key(unsigned key, unsigned)
{
    const float page = around_.layout.list.h * 0.9f;
    switch (key) {
    case DGL_NAMESPACE::kKeyDown: return scroll_by(kScrollStep);
    case DGL_NAMESPACE::kKeyUp: return scroll_by(-kScrollStep);
    case DGL_NAMESPACE::kKeyPageDown: return scroll_by(page);
    case DGL_NAMESPACE::kKeyPageUp: return scroll_by(-page);
    case DGL_NAMESPACE::kKeyHome: return scroll_by(-1e9f);
    case DGL_NAMESPACE::kKeyEnd: return scroll_by(1e9f);
    case DGL_NAMESPACE::kKeyEscape: view_.picking.clear(); return true;
    default: return false; /* the host's: space plays, and so on */
    }
}

bool FeedTab::scroll_by(float points)
{
    view_.picking.clear();
    view_.scroll += points;
    view_.settle(around_.layout, feed_);
    return true;
}

/* What is done -------------------------------------------------------------------------------------------------- */

void FeedTab::act(const Hit &hit)
{
    if (hit.kind == Hit::kCopy) return copy_command();
    if (hit.kind == Hit::kStart) return services_.start_sidechain();
    if (hit.row >= feed_.rows().size()) return;
    const sc_item &item = feed_.rows()[hit.row];
    const bool plays = playing_.is(item.post_id);
    const bool reacted = item.reacted >> hit.reaction & 1u;
    switch (hit.kind) {
    case Hit::kPlay:
        if (plays) sc_client_stop_preview(around_.client);
        else if (sc_client_play(around_.client, SC_PLAY_ITEM, item.post_id, around_.in_sync, nullptr) != SC_OK)
            services_.toast("The host has not started its audio yet. Press play there once.");
        break;
    case Hit::kLike: sc_window_like(around_.client, item.post_id, !item.liked); break;
    case Hit::kReaction: sc_window_react(around_.client, item.post_id, hit.reaction, !reacted); break;
    case Hit::kOpenPicker: view_.picking = item.post_id; break;
    default: break;
    }
}

void FeedTab::drag_row(size_t row)
{
    const sc_item &item = feed_.rows()[row];
    Draggable what;
    what.kind = SC_EXPORT_ITEM;
    what.target = item.post_id;
    what.name = item.title;
    services_.may_drag(what);
}

void FeedTab::copy_command()
{
    if (!services_.copy(view_.card(around_.status, feed_).command)) return;
    services_.toast("Copied");
    copied_until_us_ = around_.steady_us + kCopiedUs;
}

} // namespace ui
