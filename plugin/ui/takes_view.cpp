#include "takes_view.hpp"

#include "field_view.hpp"
#include "menu.hpp"

#include <algorithm>

namespace ui {

namespace {

constexpr float kTop = 2.0f, kFoot = 26.0f;

} // namespace

std::vector<TakeDeed> deeds_of(const sc_take &take)
{
    std::vector<TakeDeed> deeds = {TakeDeed::kRename, TakeDeed::kTag, take.repair[0] ? TakeDeed::kUnmend : TakeDeed::kMend,
                                   TakeDeed::kCopyPath, TakeDeed::kShowInFolder};
    if (take.page_url[0]) deeds.insert(deeds.end(), {TakeDeed::kOpenPage, TakeDeed::kCopyLink});
    deeds.push_back(TakeDeed::kDiscard);
    return deeds;
}

const char *words_of(TakeDeed deed)
{
    switch (deed) {
    case TakeDeed::kRename: return "Rename";
    case TakeDeed::kTag: return "Tag";
    case TakeDeed::kMend: return "Repair loop seam";
    case TakeDeed::kUnmend: return "Undo seam repair";
    case TakeDeed::kCopyPath: return "Copy path";
    case TakeDeed::kShowInFolder: return "Show in folder";
    case TakeDeed::kOpenPage: return "Open page";
    case TakeDeed::kCopyLink: return "Copy link";
    case TakeDeed::kDiscard: return "Discard";
    }
    return "";
}

TakeRowLayout TakesView::row(const Box &list, size_t place) const
{
    return {list, list.y + kTop - scroll + TakeRowLayout::kHeight * static_cast<float>(place)};
}

size_t TakesView::unseen(const Box &list, const Takes &takes) const
{
    const auto seen = static_cast<size_t>(std::max((scroll + list.h) / TakeRowLayout::kHeight, 0.0f));
    return takes.rows().size() > seen ? takes.rows().size() - seen : 0;
}

void TakesView::settle(const Box &list, const Takes &takes)
{
    const float whole = TakeRowLayout::kHeight * static_cast<float>(takes.rows().size()) + kFoot;
    scroll = std::min(std::max(scroll, 0.0f), std::max(whole - list.h, 0.0f));
}

void TakesView::reveal(const Box &list, size_t place)
{
    const float top = TakeRowLayout::kHeight * static_cast<float>(place);
    scroll = std::min(std::max(scroll, top + TakeRowLayout::kHeight - list.h), top);
}

bool TakesView::menu(const Box &list, const Takes &takes, Box &box, size_t &place) const
{
    const auto &rows = takes.rows();
    for (size_t i = 0; i < rows.size() && !menu_of.empty(); i++) {
        if (menu_of != rows[i].take.take_id) continue;
        place = i;
        box = menu_box(list, row(list, i).more, static_cast<int>(deeds_of(rows[i].take).size()));
        return true;
    }
    return false;
}

/* Drawing ------------------------------------------------------------------------------------------------------- */

void TakesView::draw(Canvas &canvas, const Box &list, const Shown &shown) const
{
    const auto &rows = shown.takes.rows();
    Box box;
    size_t place;
    canvas.clip(list);
    if (!shown.in_place.empty()) {
        const float width = std::min(list.w - 32, 440.0f);
        canvas.paragraph(Box{list.centre() - width / 2, list.y + 40, width, 60}, kTextSize, kFaint, shown.in_place, Align::kCentre);
    }
    const bool covered = menu(list, shown.takes, box, place);
    const Pointer nowhere, &pointer = covered || !shown.pointer.over(list) ? nowhere : shown.pointer;
    for (size_t i = 0; i < rows.size(); i++) {
        const TakeRowLayout at = row(list, i);
        if (at.whole.bottom() < list.y || at.whole.y > list.bottom()) continue;
        draw_row(canvas, at, rows[i], shown, pointer);
    }
    draw_undo(canvas, list, shown.pointer);
    canvas.unclip();
    draw_open_menu(canvas, list, shown);
}

void TakesView::draw_row(Canvas &canvas, const TakeRowLayout &at, const TakeEntry &entry, const Shown &shown, const Pointer &pointer) const
{
    const sc_take &take = entry.take;
    const bool plays = shown.playing.is(take.take_id);
    canvas.fill(at.whole, kPanel, 12);
    if (plays) canvas.frame(at.whole, kWarm, 12);
    else if (selected == take.take_id) canvas.frame(at.whole, kFaint, 12);
    canvas.disc(at.play.centre(), at.play.middle(), at.play.w / 2, plays ? kWarm : pointer.over(at.play) ? kHover : kRaised);
    if (plays) draw_stop(canvas, at.play.inset(8), kWarmInk);
    else draw_play(canvas, at.play.inset(8), pointer.over(at.play) ? kWarm : kInk);
    if (editing == take.take_id) return draw_field(canvas, at.edit, shown.edit, pointer, shown.edits_tags ? "Tags, with commas between them" : take.name);

    canvas.write(at.name, kTitleSize, kInk, take.name, Align::kLeft, true);
    canvas.write(at.facts, kSmallSize, kDim, facts(take, age(take.created_us, shown.now_us)));
    draw_outline(canvas, at.wave, take.outline, take.outline_columns, shown.playing.heard(take.take_id));
    const PostButton post = post_button(entry, shown.steady_us);
    if (post.enabled) canvas.button(at.post, post.words, false, pointer.over(at.post), shown.can_post || post.is_undo);
    else canvas.write(at.post, kTextSize, post.words == "Posted" ? kGreen : kDim, post.words, Align::kCentre);
    draw_more(canvas, at.more, menu_of == take.take_id || pointer.over(at.more));
}

void TakesView::draw_open_menu(Canvas &canvas, const Box &list, const Shown &shown) const
{
    Box box;
    size_t place;
    if (!menu(list, shown.takes, box, place)) return;
    std::vector<MenuLine> lines;
    for (const TakeDeed deed : deeds_of(shown.takes.rows()[place].take)) lines.push_back({words_of(deed), "", false, deed == TakeDeed::kDiscard});
    draw_menu(canvas, box, lines, shown.pointer);
}

void TakesView::draw_undo(Canvas &canvas, const Box &list, const Pointer &pointer) const
{
    if (undo.empty()) return;
    const Box bar = undo_bar(list), button = undo_button(bar);
    canvas.fill(bar, kRaised, 10);
    canvas.frame(bar, kLine, 10);
    canvas.write(Box{bar.x + 14, bar.y, button.x - bar.x - 22, bar.h}, kTextSize, kInk, undo);
    canvas.button(button, "Undo", true, pointer.over(button));
}

/* What is under a point ----------------------------------------------------------------------------------------- */

TakeHit TakesView::hit(const Box &list, const Takes &takes, const Pointer &pointer) const
{
    Box box;
    size_t place;
    if (menu(list, takes, box, place)) {
        const auto deeds = deeds_of(takes.rows()[place].take);
        for (size_t n = 0; n < deeds.size(); n++)
            if (pointer.over(menu_line(box, static_cast<int>(n)))) return {TakeHit::kDeed, place, deeds[n]};
        return {TakeHit::kElsewhere, place, {}};
    }
    if (!pointer.over(list)) return {};
    if (!undo.empty() && pointer.over(undo_bar(list)))
        return {pointer.over(undo_button(undo_bar(list))) ? TakeHit::kUndo : TakeHit::kElsewhere, 0, {}};
    for (size_t i = 0; i < takes.rows().size(); i++) {
        const TakeRowLayout at = row(list, i);
        if (!pointer.over(at.whole)) continue;
        if (pointer.over(at.play)) return {TakeHit::kPlay, i, {}};
        if (pointer.over(at.post)) return {TakeHit::kPost, i, {}};
        if (pointer.over(at.more)) return {TakeHit::kMore, i, {}};
        return {TakeHit::kRow, i, {}};
    }
    return {};
}

} // namespace ui
