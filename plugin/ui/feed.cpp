#include "feed.hpp"

#include <algorithm>
#include <cstring>

namespace ui {

namespace {

constexpr size_t kAhead = 8; /* rows that should be there before they are scrolled to */

bool newer(const sc_item &one, const sc_item &other)
{
    if (one.created_us != other.created_us) return one.created_us > other.created_us;
    return std::strcmp(one.post_id, other.post_id) > 0;
}

} // namespace

Feed::Taken Feed::take(const sc_item &item)
{
    const auto known = std::find_if(rows_.begin(), rows_.end(), [&](const sc_item &row) {
        return std::strcmp(row.post_id, item.post_id) == 0;
    });
    if (known != rows_.end()) {
        *known = item;
        return {static_cast<size_t>(known - rows_.begin()), false};
    }
    const auto place = rows_.insert(std::lower_bound(rows_.begin(), rows_.end(), item, newer), item);
    const auto at = static_cast<size_t>(place - rows_.begin());
    if (rows_.size() > kMostRows) rows_.pop_back();
    return {at, true};
}

bool Feed::remove(const char *post_id)
{
    const auto known = std::find_if(rows_.begin(), rows_.end(), [&](const sc_item &row) { return std::strcmp(row.post_id, post_id) == 0; });
    if (known == rows_.end()) return false;
    rows_.erase(known);
    return true;
}

bool Feed::wants(size_t unseen) const
{
    if (asked_ != 0 || failed_ || rows_.size() >= kMostRows) return false;
    return !started_ || (!cursor_.empty() && unseen < kAhead);
}

void Feed::answered(const sc_event &event)
{
    if (event.id == 0 || event.id != asked_) return;
    asked_ = 0;
    if (event.kind == SC_EVENT_FEED_PAGE) {
        cursor_ = event.feed_page.next;
        if (!started_ || event.feed_page.note[0]) note_ = event.feed_page.note;
        started_ = true;
    } else if (event.kind == SC_EVENT_ASK_FAILED) {
        note_ = event.failed.message;
        failed_ = true; /* asked again when the link has changed, not in a circle */
    }
}

void Feed::renew()
{
    cursor_.clear();
    asked_ = 0;
    started_ = failed_ = false;
}

void Feed::forget()
{
    renew();
    rows_.clear();
    note_.clear();
}

} // namespace ui
