#include "takes.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace ui {

namespace {

constexpr size_t kAhead = 8; /* rows that should be there before they are scrolled to */

bool newer(const TakeEntry &one, const TakeEntry &other)
{
    if (one.take.created_us != other.take.created_us) return one.take.created_us > other.take.created_us;
    return std::strcmp(one.take.take_id, other.take.take_id) > 0;
}

template <class Rows> auto row_of(Rows &rows, const char *take_id)
{
    return std::find_if(rows.begin(), rows.end(), [&](const TakeEntry &row) { return std::strcmp(row.take.take_id, take_id) == 0; });
}

std::vector<std::string> tags_of(const std::string &text)
{
    std::vector<std::string> tags;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(',', from), text.size());
        const size_t first = text.find_first_not_of(' ', from), last = end == 0 ? std::string::npos : text.find_last_not_of(' ', end - 1);
        if (first < end && last != std::string::npos && last >= first) tags.push_back(text.substr(first, last - first + 1));
        from = end + 1;
    }
    return tags;
}

std::string without(const std::vector<std::string> &tags, const std::vector<std::string> &others)
{
    std::string left;
    for (const std::string &tag : tags)
        if (std::find(others.begin(), others.end(), tag) == others.end()) left += (left.empty() ? "" : ", ") + tag;
    return left;
}

} // namespace

const TakeEntry *Takes::find(const std::string &take_id) const
{
    const auto found = row_of(rows_, take_id.c_str());
    return found == rows_.end() ? nullptr : &*found;
}

bool Takes::hear(const sc_event &event, uint64_t steady_us)
{
    const bool answers = event.id != 0 && event.id == asked_;
    switch (event.kind) {
    case SC_EVENT_TAKE: take(event); return true;
    case SC_EVENT_TAKE_GONE:
        if (const auto gone = row_of(rows_, event.take_gone.take_id); gone != rows_.end()) rows_.erase(gone);
        return true;
    case SC_EVENT_POSTING:
        if (const auto known = row_of(rows_, event.posting.take_id); known != rows_.end()) {
            const bool back = std::strcmp(event.posting.state, "discarded") == 0;
            std::snprintf(known->take.state, sizeof known->take.state, "%s", back ? "kept" : event.posting.state);
            std::snprintf(known->take.page_url, sizeof known->take.page_url, "%s", event.posting.page_url);
            known->share = static_cast<float>(event.posting.fraction);
            known->held_until_us = event.posting.held_ms ? steady_us + 1000ull * event.posting.held_ms : 0;
        }
        return true;
    case SC_EVENT_TAKES_PAGE:
        if (!answers) return false;
        asked_ = 0;
        started_ = true;
        cursor_ = event.takes_page.next;
        return true;
    case SC_EVENT_ASK_FAILED:
        if (!answers) return false;
        asked_ = 0;
        failed_ = true;
        trouble_ = event.failed.message;
        return true;
    default: return false;
    }
}

/* A row of the page that was asked for, or one that is new or has changed. A late one of another search is no row of ours. */
void Takes::take(const sc_event &event)
{
    const auto known = row_of(rows_, event.take.take_id);
    if (known != rows_.end()) {
        known->take = event.take;
        return;
    }
    if (event.id != 0 ? event.id != asked_ : !search_.empty()) {
        if (event.id == 0) renew(); /* whether it is found by these words, the daemon knows */
        return;
    }
    TakeEntry entry;
    entry.take = event.take;
    rows_.insert(std::lower_bound(rows_.begin(), rows_.end(), entry, newer), entry);
    if (rows_.size() > kMostRows) rows_.pop_back();
}

bool Takes::wants(size_t unseen) const
{
    if (asked_ != 0 || failed_ || rows_.size() >= kMostRows) return false;
    return !started_ || (!cursor_.empty() && unseen < kAhead);
}

void Takes::look_for(const std::string &words)
{
    if (words == search_) return;
    search_ = words;
    forget();
}

void Takes::renew()
{
    cursor_.clear();
    trouble_.clear();
    asked_ = 0;
    started_ = failed_ = false;
}

void Takes::forget()
{
    renew();
    rows_.clear();
}

/* Words --------------------------------------------------------------------------------------------------------- */

std::string facts(const sc_take &take, const std::string &kept)
{
    char text[48];
    std::string all;
    const auto add = [&](const std::string &fact) { all += (all.empty() || fact.empty() ? "" : " · ") + fact; };
    if (take.bpm > 0.0) {
        std::snprintf(text, sizeof text, "%.5g BPM", take.bpm);
        add(text);
    }
    if (take.bars) add(std::to_string(take.bars) + (take.bars == 1 ? " bar" : " bars"));
    const uint64_t seconds = take.duration_ms / 1000;
    if (seconds < 60) std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(take.duration_ms) / 1000.0);
    else std::snprintf(text, sizeof text, "%u:%02u", static_cast<unsigned>(seconds / 60), static_cast<unsigned>(seconds % 60));
    add(text);
    add(take.key);
    if (take.repair[0]) add("seam repaired");
    add(kept);
    add(take.tags); /* of which there may be many: what does not fit goes first */
    return all;
}

PostButton post_button(const TakeEntry &entry, uint64_t steady_us)
{
    const std::string state = entry.take.state;
    const auto percent = [&](const char *what) { return what + std::to_string(static_cast<int>(entry.share * 100.0f)) + " %"; };
    if (state == "held") {
        const uint64_t left_us = entry.held_until_us > steady_us ? entry.held_until_us - steady_us : 0;
        return {left_us ? "Undo · " + std::to_string((left_us + 999999) / 1000000) + " s" : "Undo", true, true};
    }
    if (state == "rendering") return {"Posting …", false, false};
    if (state == "uploading") return {percent("Upload "), false, false};
    if (state == "waiting") return {"Waiting", false, false};
    if (state == "posted") return {"Posted", false, false};
    if (state == "failed") return {"Post again", true, false};
    return {"Post", true, false};
}

TagChange tag_change(const std::string &before, const std::string &after)
{
    const std::vector<std::string> had = tags_of(before), has = tags_of(after);
    return {without(has, had), without(had, has)};
}

} // namespace ui
