/* The takes of the library that this window knows, newest first, and when to ask for more. No drawing, no client: what it
   wants asked comes out of wants(), what was told goes in. */
#ifndef SIDECHAIN_UI_TAKES_HPP
#define SIDECHAIN_UI_TAKES_HPP

#include "sidechain_window.h"

#include <string>
#include <vector>

namespace ui {

struct TakeEntry {
    sc_take take;
    float share = 0.0f;          /* of the step that its post is at */
    uint64_t held_until_us = 0;  /* on the clock that nobody sets; 0: it is not held */
};

class Takes {
public:
    static constexpr size_t kMostRows = 500;
    static constexpr uint32_t kPage = SC_MAX_FEED_PAGE;

    const std::vector<TakeEntry> &rows() const { return rows_; }
    const TakeEntry *find(const std::string &take_id) const;
    const std::string &search() const { return search_; }
    const std::string &trouble() const { return trouble_; } /* why there is no list, or "" */
    bool started() const { return started_; }
    bool at_end() const { return started_ && cursor_.empty(); }

    /* True when it is one of these: TAKE, TAKE_GONE, POSTING, or the answer to what was asked. */
    bool hear(const sc_event &event, uint64_t steady_us);

    bool wants(size_t unseen) const; /* `unseen` rows are below what is shown */
    const std::string &cursor() const { return cursor_; }
    void asked(uint64_t id) { asked_ = id; }

    void look_for(const std::string &words); /* another list */
    void forget();                           /* the daemon is gone, or another */

private:
    void take(const sc_event &event);
    void renew();

    std::vector<TakeEntry> rows_;
    std::string search_, cursor_, trouble_;
    uint64_t asked_ = 0;
    bool started_ = false, failed_ = false;
};

/* "104 BPM · 8 bars · 18.5 s · Am · verse, dark"; what is not known is left out. */
std::string facts(const sc_take &take, const std::string &kept); /* kept: "2 min ago" */

/* What its post's button says: "Post", "Undo · 7 s", "Uploading 42 %", "Posted" … and whether it does something. */
struct PostButton {
    std::string words;
    bool enabled, is_undo;
};
PostButton post_button(const TakeEntry &entry, uint64_t steady_us);

/* Of two lists of tags with commas between them, those that only the one and only the other has. */
struct TagChange {
    std::string add, remove;
};
TagChange tag_change(const std::string &before, const std::string &after);

} // namespace ui
#endif
