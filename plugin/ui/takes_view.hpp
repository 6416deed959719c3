/* Draws the list of takes, and says what is under a point of it. */
#ifndef SIDECHAIN_UI_TAKES_VIEW_HPP
#define SIDECHAIN_UI_TAKES_VIEW_HPP

#include "playing.hpp"
#include "takes.hpp"
#include "takes_layout.hpp"
#include "text_field.hpp"

namespace ui {

/* What can be done with a take besides: lines of its menu. */
enum class TakeDeed { kRename, kTag, kMend, kUnmend, kCopyPath, kShowInFolder, kOpenPage, kCopyLink, kDiscard };
std::vector<TakeDeed> deeds_of(const sc_take &take);
const char *words_of(TakeDeed deed);

struct TakeHit {
    enum Kind { kNothing, kRow, kPlay, kPost, kMore, kDeed, kUndo, kElsewhere } kind = kNothing;
    size_t row = 0;
    TakeDeed deed = TakeDeed::kRename;
};

class TakesView {
public:
    float scroll = 0.0f;  /* points above the list's top */
    std::string menu_of;  /* the take whose menu is open, or "" */
    std::string selected; /* by the keyboard or a click, or "" */
    std::string editing;  /* the take whose name or tags are typed, or "" */
    std::string undo;     /* what was discarded just now: a sentence, or "" */

    struct Shown {
        const Takes &takes;
        const Playing &playing;
        const Pointer &pointer;
        const TextField &edit;
        const std::string &in_place; /* of rows: why there are none, or "" */
        uint64_t now_us, steady_us;
        bool can_post, edits_tags; /* edits_tags: else the name */
    };
    void draw(Canvas &canvas, const Box &list, const Shown &shown) const;
    TakeHit hit(const Box &list, const Takes &takes, const Pointer &pointer) const;

    TakeRowLayout row(const Box &list, size_t place) const;
    void settle(const Box &list, const Takes &takes); /* keep `scroll` within the rows */
    void reveal(const Box &list, size_t place);
    size_t unseen(const Box &list, const Takes &takes) const;

private:
    void draw_row(Canvas &canvas, const TakeRowLayout &at, const TakeEntry &entry, const Shown &shown, const Pointer &pointer) const;
    void draw_open_menu(Canvas &canvas, const Box &list, const Shown &shown) const;
    void draw_undo(Canvas &canvas, const Box &list, const Pointer &pointer) const;
    bool menu(const Box &list, const Takes &takes, Box &box, size_t &place) const;
};

} // namespace ui
#endif
