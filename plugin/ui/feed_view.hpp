/* Draws the feed, or the card in its place, and says what is under a point of it. */
#ifndef SIDECHAIN_UI_FEED_VIEW_HPP
#define SIDECHAIN_UI_FEED_VIEW_HPP

#include "canvas.hpp"
#include "feed.hpp"
#include "playing.hpp"
#include "recorder_view.hpp"
#include "status.hpp"
#include "text_field.hpp"

#include <set>
#include <vector>

namespace ui {

/* What can be done with a post besides: lines of its menu. */
enum class PostDeed { kOpenPage, kCopyLink, kCopyPath, kShowInFolder, kFollow, kUnfollow };

struct Hit {
    enum Kind { kNothing, kRow, kPlay, kLike, kReaction, kOpenPicker, kMore, kDeed, kCopy, kAct, kFollow, kName, kElsewhere } kind = kNothing;
    size_t row = 0;
    unsigned reaction = 0;
    PostDeed deed = PostDeed::kOpenPage;
};

class FeedView {
public:
    float scroll = 0.0f; /* points above the list's top */
    std::string picking; /* the post whose reaction is being chosen, or "" */
    std::string menu_of; /* the post whose menu is open, or "" */
    std::set<std::string> parted; /* whom one has stopped following here: they can be followed again */

    struct Shown {
        const Status &status;
        const Feed &feed;
        const Playing &playing;
        const Pointer &pointer;
        uint64_t now_us;
        bool copied; /* the command of the card, just now */
        bool in_sync;
        const TextField &name; /* of somebody to follow */
    };
    void draw(Canvas &canvas, const Layout &layout, const Shown &shown) const;

    /* What stands in place of the rows, if anything does. */
    static Card card(const Status &status, const Feed &feed);

    /* Where the name of somebody to follow is typed. */
    static Box name_box(const Layout &layout, const Status &status, const Feed &feed);
    std::vector<PostDeed> deeds_of(const sc_item &item) const;

    Hit hit(const Layout &layout, const Status &status, const Feed &feed, const Pointer &pointer) const;

    /* Keep `scroll` within the rows; a row that came in above what is looked at moves nothing. */
    void settle(const Layout &layout, const Feed &feed);
    void inserted(const Layout &layout, size_t place);
    size_t unseen(const Layout &layout, const Feed &feed) const; /* rows below the list */

private:
    RowLayout row(const Layout &layout, size_t place) const;
    const RowLayout *picker_row(const Layout &layout, const Feed &feed, RowLayout &place, size_t &index) const;
    void draw_row(Canvas &canvas, const RowLayout &at, const sc_item &item, const Shown &shown, const Pointer &pointer) const;
    void draw_open_menu(Canvas &canvas, const Layout &layout, const Feed &feed, const Pointer &pointer) const;
    const sc_item *menu(const Layout &layout, const Feed &feed, Box &box, size_t &index) const;
    void draw_foot(Canvas &canvas, const Layout &layout, const Feed &feed) const;
    void draw_picker(Canvas &canvas, const Layout &layout, const Feed &feed, const Pointer &pointer) const;
};

} // namespace ui
#endif
