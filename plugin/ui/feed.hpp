/* The rows of the feed that this window knows, newest first, and when to ask for more. No drawing, no client: what it
   wants asked comes out of wants(), what was answered goes in. */
#ifndef SIDECHAIN_UI_FEED_HPP
#define SIDECHAIN_UI_FEED_HPP

#include "sidechain_window.h"

#include <string>
#include <vector>

namespace ui {

class Feed {
public:
    static constexpr size_t kMostRows = 500;
    static constexpr uint32_t kPage = SC_MAX_FEED_PAGE;

    const std::vector<sc_item> &rows() const { return rows_; }
    const std::string &note() const { return note_; } /* why it is not the relay's, or why there is none */
    bool loading() const { return asked_ != 0; }
    bool at_end() const { return started_ && cursor_.empty(); }
    bool started() const { return started_; }

    /* A row that is new or changed. Returns its place, and whether it is new. */
    struct Taken {
        size_t place;
        bool is_new;
    };
    Taken take(const sc_item &item);

    bool remove(const char *post_id); /* false: it was not there */

    /* Whether a page should be asked for now, `unseen` rows being below what is shown. */
    bool wants(size_t unseen) const;
    const std::string &cursor() const { return cursor_; }
    uint64_t asked() const { return asked_; } /* the number of the page under way; 0: none */
    void asked(uint64_t id) { asked_ = id; }
    void answered(const sc_event &event); /* FEED_PAGE or ASK_FAILED; others are not ours */

    /* Begin at the newest again, when next asked; rows stay until then, and are put right by what comes. */
    void renew();
    void forget(); /* another account's window, or none */

private:
    std::vector<sc_item> rows_;
    std::string cursor_, note_;
    uint64_t asked_ = 0;
    bool started_ = false, failed_ = false;
};

} // namespace ui
#endif
