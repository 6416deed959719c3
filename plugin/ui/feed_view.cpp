#include "feed_view.hpp"

#include "field_view.hpp"
#include "menu.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ui {

namespace {

constexpr float kTop = 2.0f, kFoot = 28.0f;

/* The reactions that a row shows: those somebody chose, as many as fit beside the button for another. */
struct Chips {
    unsigned shown[SC_REACTIONS];
    int count = 0;

    Chips(const RowLayout &at, const sc_item &item)
    {
        const int room = static_cast<int>(at.reactions.w / (kChipWidth + 4)) - 1;
        for (unsigned i = 0; i < SC_REACTIONS && count < room; i++)
            if (item.reaction_counts[i] > 0) shown[count++] = i;
    }
};

Box chip_icon(const Box &chip) { return {chip.x + 6, chip.y + 4, 16, 16}; }

const char *words_of(PostDeed deed)
{
    switch (deed) {
    case PostDeed::kOpenPage: return "Open page";
    case PostDeed::kCopyLink: return "Copy link";
    case PostDeed::kCopyPath: return "Copy path";
    case PostDeed::kShowInFolder: return "Show in folder";
    case PostDeed::kFollow: return "Follow ";
    case PostDeed::kUnfollow: return "Unfollow ";
    }
    return "";
}

void draw_card(Canvas &canvas, const CardLayout &at, const Card &card, const FeedView::Shown &shown)
{
    const Pointer &pointer = shown.pointer;
    canvas.fill(at.whole, kPanel, 12);
    canvas.write(at.headline, 18, kInk, card.headline, Align::kLeft, true);
    const bool packed = at.footnote.h == 0.0f;
    canvas.paragraph(at.words, kTextSize + 1, kDim, packed && !card.trouble.empty() ? card.trouble : card.words);
    if (card.act == Card::Act::kFollow) {
        draw_field(canvas, Box{at.act.x, at.act.y, at.copy.x - kGap - at.act.x, at.act.h}, shown.name, pointer, "User name");
        canvas.button(at.copy, card.button, true, pointer.over(at.copy));
    } else if (!card.command.empty()) {
        canvas.fill(at.command, kGround, 8);
        canvas.frame(at.command, kLine, 8);
        canvas.write(at.command.inset(12), 14, kInk, card.command);
        canvas.button(at.copy, shown.copied ? "Copied" : "Copy", !shown.copied && card.act == Card::Act::kNone, pointer.over(at.copy));
        if (card.act != Card::Act::kNone) canvas.button(at.act, card.button, true, pointer.over(at.act));
    }
    if (!packed) canvas.paragraph(at.footnote, kTextSize, card.trouble.empty() ? kFaint : kWarm, card.trouble.empty() ? card.footnote : card.trouble);
}

/* Right of the tabs: what the feed plays by, why it is not the relay's, who is here. */
void draw_tools(Canvas &canvas, const Layout &layout, const FeedView::Shown &shown, bool empty)
{
    const Box &tools = layout.tools;
    float left = tools.x, right = tools.right();
    if (!empty) {
        draw_in_sync(canvas, layout.sync, shown.in_sync, shown.pointer);
        if (shown.name.focused) return draw_field(canvas, layout.name, shown.name, shown.pointer, "User name");
        canvas.frame(layout.follow, shown.pointer.over(layout.follow) ? kFaint : kLine, 11);
        canvas.write(layout.follow, kSmallSize, kDim, "Follow …", Align::kCentre);
        left = layout.follow.right() + 12;
    }
    const std::string friends = shown.status.friends_line();
    if (!friends.empty()) {
        const Box box = {left + 12, tools.y, right - left - 12, tools.h};
        const float width = canvas.write(box, kTextSize, kGreen, friends, Align::kRight);
        canvas.disc(right - width - 11, tools.middle(), 4, kGreen);
        right -= width + 28;
    }
    if (!empty) canvas.write(Box{left, tools.y, right - left, tools.h}, kSmallSize, kFaint, shown.feed.note());
}

} // namespace

RowLayout FeedView::row(const Layout &layout, size_t place) const
{
    const float height = RowLayout::height(layout.list.w);
    return {layout.list, layout.list.y + kTop - scroll + height * static_cast<float>(place)};
}

size_t FeedView::unseen(const Layout &layout, const Feed &feed) const
{
    const float bottom = (scroll + layout.list.h) / RowLayout::height(layout.list.w);
    const auto seen = static_cast<size_t>(std::max(bottom, 0.0f));
    return feed.rows().size() > seen ? feed.rows().size() - seen : 0;
}

void FeedView::settle(const Layout &layout, const Feed &feed)
{
    const float whole = RowLayout::height(layout.list.w) * static_cast<float>(feed.rows().size()) + kFoot;
    scroll = std::min(std::max(scroll, 0.0f), std::max(whole - layout.list.h, 0.0f));
}

void FeedView::inserted(const Layout &layout, size_t place)
{
    const float height = RowLayout::height(layout.list.w);
    if (scroll > height * (static_cast<float>(place) + 0.5f)) scroll += height;
}

const RowLayout *FeedView::picker_row(const Layout &layout, const Feed &feed, RowLayout &place, size_t &index) const
{
    const auto &rows = feed.rows();
    for (size_t i = 0; i < rows.size() && !picking.empty(); i++)
        if (picking == rows[i].post_id) {
            index = i;
            place = row(layout, i);
            return &place;
        }
    return nullptr;
}

Card FeedView::card(const Status &status, const Feed &feed)
{
    const Card card = status.card();
    if (card.shown() || !feed.rows().empty() || !feed.started()) return card;
    return {"Nothing here yet", "Posts by people you follow, and your own, appear here. Who makes music on this relay that you know?",
            "sidechain follow NAME", "Everybody who posts is on the relay's web page, too.", Card::Act::kFollow, "Follow"};
}

Box FeedView::name_box(const Layout &layout, const Status &status, const Feed &feed)
{
    if (card(status, feed).act != Card::Act::kFollow) return layout.name;
    const CardLayout at(layout.list, true);
    return {at.act.x, at.act.y, at.copy.x - kGap - at.act.x, at.act.h};
}

std::vector<PostDeed> FeedView::deeds_of(const sc_item &item) const
{
    std::vector<PostDeed> deeds = {PostDeed::kOpenPage, PostDeed::kCopyLink, PostDeed::kCopyPath, PostDeed::kShowInFolder};
    if (!item.mine) deeds.push_back(parted.count(item.author) ? PostDeed::kFollow : PostDeed::kUnfollow);
    return deeds;
}

const sc_item *FeedView::menu(const Layout &layout, const Feed &feed, Box &box, size_t &index) const
{
    const auto &rows = feed.rows();
    for (size_t i = 0; i < rows.size() && !menu_of.empty(); i++) {
        if (menu_of != rows[i].post_id) continue;
        index = i;
        box = menu_box(layout.list, row(layout, i).more, static_cast<int>(deeds_of(rows[i]).size()));
        return &rows[i];
    }
    return nullptr;
}

/* Drawing ------------------------------------------------------------------------------------------------------- */

void FeedView::draw(Canvas &canvas, const Layout &layout, const Shown &shown) const
{
    const Feed &feed = shown.feed;
    const Card in_place = card(shown.status, feed);
    draw_tools(canvas, layout, shown, in_place.shown());
    canvas.clip(layout.list);
    if (in_place.shown()) {
        draw_card(canvas, CardLayout(layout.list, in_place.act != Card::Act::kNone), in_place, shown);
        return canvas.unclip();
    }
    if (feed.rows().empty()) canvas.write(layout.list, kTextSize, kFaint, "Loading …", Align::kCentre);
    const Pointer within = shown.pointer.over(layout.list) && picking.empty() && menu_of.empty() ? shown.pointer : Pointer{};
    for (size_t i = 0; i < feed.rows().size(); i++) {
        const RowLayout at = row(layout, i);
        if (at.whole.bottom() > layout.list.y && at.whole.y < layout.list.bottom())
            draw_row(canvas, at, feed.rows()[i], shown, within);
    }
    draw_foot(canvas, layout, feed);
    draw_picker(canvas, layout, feed, shown.pointer);
    canvas.unclip();
    draw_open_menu(canvas, layout, feed, shown.pointer);
}

/* Beneath the last row, and the bar that shows how far one has come. */
void FeedView::draw_foot(Canvas &canvas, const Layout &layout, const Feed &feed) const
{
    const Box &list = layout.list;
    if (feed.rows().empty()) return;
    const float whole = RowLayout::height(list.w) * static_cast<float>(feed.rows().size()) + kFoot;
    const std::string words = feed.loading() ? "Loading older posts …" : feed.at_end() ? "No older posts." : "";
    canvas.write(Box{list.x, list.y + kTop - scroll + whole - kFoot, list.w, kFoot - 4}, kSmallSize, kFaint, words, Align::kCentre);
    if (whole <= list.h) return;
    const float tall = std::max(list.h * list.h / whole, 24.0f);
    const float at = (list.h - tall) * scroll / (whole - list.h);
    canvas.unclip(); /* it stands beside the list */
    canvas.fill(Box{layout.whole.right() - 10, list.y + at, 4, tall - 4}, kLine, 2);
    canvas.clip(list);
}

void FeedView::draw_row(Canvas &canvas, const RowLayout &at, const sc_item &item, const Shown &shown, const Pointer &pointer) const
{
    const Playing &playing = shown.playing;
    const bool plays = playing.state != Playing::kNothing && playing.target == item.post_id;
    canvas.fill(at.whole, kPanel, 12);
    if (plays) canvas.frame(at.whole, kWarm, 12);
    const Box &play = at.play;
    canvas.disc(play.centre(), play.middle(), play.w / 2, plays ? kWarm : pointer.over(play) ? kHover : kRaised);
    const Box icon = play.inset(8);
    if (plays) draw_stop(canvas, icon, kWarmInk);
    else draw_play(canvas, icon, pointer.over(play) ? kWarm : kInk);
    if (plays && playing.state == Playing::kLoading)
        canvas.fill(Box{at.wave.x, at.wave.bottom() + 1, at.wave.w * playing.share, 2}, kWarm, 1);
    const bool named = item.title[0] != '\0';
    canvas.write(at.title, kTitleSize, named ? kInk : kDim, named ? item.title : "Untitled", Align::kLeft, named);
    const float name = canvas.write(at.byline, kTextSize, item.mine ? kGreen : kDim, item.mine ? "you" : item.author);
    canvas.write(Box{at.byline.x + name + 6, at.byline.y, at.byline.w - name - 6, at.byline.h}, kTextSize, kFaint,
                 "· " + age(item.created_us, shown.now_us) +
                     (item.shown_by[0] ? std::string(" · shown by ") + item.shown_by : ""));
    const bool right = at.facts.y == at.byline.y;
    canvas.write(at.facts, kSmallSize, kDim, facts(item), right ? Align::kRight : Align::kLeft);
    draw_outline(canvas, at.wave, item.outline, item.outline_columns, plays && playing.state == Playing::kSounding ? playing.share : 0.0f);

    const Box &like = at.like;
    if (pointer.over(like)) canvas.fill(like, kRaised, 8);
    draw_heart(canvas, Box{like.x + 7, like.y + 4, 16, 16}, item.liked ? kWarm : kDim, item.liked);
    canvas.write(Box{like.x + 27, like.y, 26, like.h}, kTextSize, item.liked ? kWarm : kDim,
                 item.like_count ? count_text(item.like_count) : "");
    const Chips chips(at, item);
    for (int i = 0; i < chips.count; i++) {
        const Box box = chip(at, i);
        const bool mine = item.reacted >> chips.shown[i] & 1u;
        canvas.fill(box, pointer.over(box) ? kHover : kRaised, 12);
        if (mine) canvas.frame(box, kWarm, 12);
        draw_reaction(canvas, chip_icon(box), chips.shown[i]);
        canvas.write(Box{box.x + 25, box.y, box.w - 27, box.h}, kSmallSize, mine ? kWarm : kDim,
                     count_text(item.reaction_counts[chips.shown[i]]));
    }
    draw_more(canvas, at.more, menu_of == item.post_id || pointer.over(at.more));
    const Box add = chip(at, chips.count);
    if (pointer.over(add)) canvas.fill(Box{add.x, add.y, 30, add.h}, kRaised, 8);
    draw_add_reaction(canvas, Box{add.x + 6, add.y + 3, 18, 18}, pointer.over(add) ? kInk : kFaint);
}

void FeedView::draw_open_menu(Canvas &canvas, const Layout &layout, const Feed &feed, const Pointer &pointer) const
{
    Box box;
    size_t index = 0;
    const sc_item *item = menu(layout, feed, box, index);
    if (!item) return;
    std::vector<MenuLine> lines;
    for (const PostDeed deed : deeds_of(*item)) {
        const bool of_them = deed == PostDeed::kFollow || deed == PostDeed::kUnfollow;
        lines.push_back({words_of(deed) + std::string(of_them ? item->author : ""), "", false, deed == PostDeed::kUnfollow});
    }
    draw_menu(canvas, box, lines, pointer);
}

void FeedView::draw_picker(Canvas &canvas, const Layout &layout, const Feed &feed, const Pointer &pointer) const
{
    RowLayout place(layout.list, 0);
    size_t index = 0;
    if (!picker_row(layout, feed, place, index)) return;
    const sc_item &item = feed.rows()[index];
    const Box box = picker(layout.list, chip(place, Chips(place, item).count), SC_REACTIONS);
    canvas.fill(Box{box.x - 1, box.y - 1, box.w + 2, box.h + 2}, kLine, 12);
    canvas.fill(box, kRaised, 11);
    for (unsigned i = 0; i < SC_REACTIONS; i++) {
        const Box cell = picker_cell(box, static_cast<int>(i));
        if (pointer.over(cell)) canvas.fill(cell, kLine, 8);
        if (item.reacted >> i & 1u) canvas.frame(cell, kWarm, 8);
        draw_reaction(canvas, cell.inset(7), i);
    }
}

/* What is under a point ----------------------------------------------------------------------------------------- */

Hit FeedView::hit(const Layout &layout, const Status &status, const Feed &feed, const Pointer &pointer) const
{
    RowLayout place(layout.list, 0);
    size_t index = 0;
    Box open;
    const Card in_place = card(status, feed);
    const sc_item *item = in_place.shown() ? nullptr : menu(layout, feed, open, index);
    if (item) {
        const auto deeds = deeds_of(*item);
        for (size_t n = 0; n < deeds.size(); n++)
            if (pointer.over(menu_line(open, static_cast<int>(n)))) return {Hit::kDeed, index, 0, deeds[n]};
        return {Hit::kElsewhere, index};
    }
    if (!in_place.shown() && pointer.over(layout.follow)) return {Hit::kName};
    if (!pointer.over(layout.list)) return {};
    if (in_place.shown()) {
        const CardLayout at(layout.list, in_place.act != Card::Act::kNone);
        const bool follows = in_place.act == Card::Act::kFollow;
        if (follows && pointer.over(name_box(layout, status, feed))) return {Hit::kName};
        return {pointer.over(at.act) ? Hit::kAct : pointer.over(at.copy) ? follows ? Hit::kFollow : Hit::kCopy : Hit::kNothing};
    }
    if (picker_row(layout, feed, place, index)) {
        const Box box = picker(layout.list, chip(place, Chips(place, feed.rows()[index]).count), SC_REACTIONS);
        for (unsigned i = 0; i < SC_REACTIONS; i++)
            if (pointer.over(picker_cell(box, static_cast<int>(i)))) return {Hit::kReaction, index, i};
        return {Hit::kElsewhere, index};
    }
    for (size_t i = 0; i < feed.rows().size(); i++) {
        const RowLayout at = row(layout, i);
        if (!pointer.over(at.whole)) continue;
        if (pointer.over(at.play)) return {Hit::kPlay, i};
        if (pointer.over(at.like)) return {Hit::kLike, i};
        if (pointer.over(at.more)) return {Hit::kMore, i};
        const Chips chips(at, feed.rows()[i]);
        for (int n = 0; n < chips.count; n++)
            if (pointer.over(chip(at, n))) return {Hit::kReaction, i, chips.shown[n]};
        if (pointer.over(chip(at, chips.count))) return {Hit::kOpenPicker, i};
        return {Hit::kRow, i};
    }
    return {};
}

} // namespace ui
