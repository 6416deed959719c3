/* What the window decides without drawing: where things stand, the edited line, the rows, the words.
     test_ui                        all checks; ends with an error at the first that fails
     test_ui layout WIDTH HEIGHT    the boxes as JSON, for tests that click on them */
#include "bar_map.hpp"
#include "drag_out.hpp"
#include "feed.hpp"
#include "layout.hpp"
#include "peak_tiles.hpp"
#include "selection.hpp"
#include "status.hpp"
#include "starter.hpp"
#include "takes.hpp"
#include "takes_layout.hpp"
#include "text_field.hpp"
#include "viewport.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace ui;

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            std::exit(1);                                                            \
        }                                                                            \
    } while (0)

static bool inside(const Box &inner, const Box &outer)
{
    return inner.x >= outer.x - 0.01f && inner.y >= outer.y - 0.01f && inner.right() <= outer.right() + 0.01f &&
           inner.bottom() <= outer.bottom() + 0.01f;
}

static bool apart(const Box &one, const Box &other)
{
    return one.right() <= other.x + 0.01f || other.right() <= one.x + 0.01f || one.bottom() <= other.y + 0.01f ||
           other.bottom() <= one.y + 0.01f;
}

static void apart_and_inside(const std::vector<Box> &parts, const Box &whole)
{
    for (const Box &part : parts) CHECK(inside(part, whole) && part.w > 0 && part.h > 0);
    for (size_t i = 0; i < parts.size(); i++)
        for (size_t j = i + 1; j < parts.size(); j++) CHECK(apart(parts[i], parts[j]));
}

static void rows_and_cards_fit(const Layout &l)
{
    CHECK(l.list.h >= 100 && l.list.w >= 400); /* a row, at least */
    const RowLayout row(l.list, l.list.y);
    CHECK(apart(l.sync, l.follow) && inside(l.follow, l.tools) && inside(l.name, l.tools) && l.name.w >= 100);
    CHECK(apart(row.more, row.title) && apart(row.more, row.facts) && apart(row.more, row.wave) && apart(row.more, row.reactions));
    for (const Box &part : {row.play, row.title, row.byline, row.facts, row.wave, row.like, row.reactions, row.more})
        CHECK(inside(part, row.whole) && part.w > 0);
    CHECK(apart(row.title, row.wave) && apart(row.byline, row.facts) && apart(row.wave, row.like) && apart(row.like, row.reactions));
    CHECK(apart(row.play, row.title) && chip(row, 3).right() <= row.whole.right());
    for (int n = 0; n < 3; n++) CHECK(inside(picker(l.list, chip(row, n), SC_REACTIONS), l.list));
    for (const bool acts : {false, true}) {
        const CardLayout card(l.list, acts);
        CHECK(inside(card.whole, l.list) && apart(card.command, card.copy) && card.words.h >= 38); /* two lines */
        for (const Box &part : {card.headline, card.words, card.act, card.command, card.copy}) CHECK(inside(part, card.whole));
        CHECK(card.footnote.h == 0 || (inside(card.footnote, card.whole) && card.footnote.h >= 36));
        CHECK(!acts || (apart(card.act, card.command) && card.act.w > 90 && card.command.w >= 176));
    }
}

static void takes_fit(const Layout &l)
{
    const TakeRowLayout row(l.list, l.list.y);
    for (const Box &part : {row.play, row.name, row.facts, row.wave, row.post, row.more, row.edit}) CHECK(inside(part, row.whole) && part.w > 0);
    CHECK(apart(row.play, row.name) && apart(row.name, row.wave) && apart(row.name, row.facts) && apart(row.wave, row.post) && apart(row.post, row.more));
    CHECK(apart(row.play, row.edit) && apart(row.edit, row.post) && row.wave.w >= 60 && row.name.w >= 90);
    CHECK(inside(search_box(l), l.tools) && apart(search_box(l), l.sync) && search_box(l).w >= 140);
    CHECK(inside(undo_bar(l.list), l.list) && inside(undo_button(undo_bar(l.list)), undo_bar(l.list)));
    for (const float top : {l.list.y, l.list.bottom() - TakeRowLayout::kHeight}) {
        const Box menu = menu_box(l.list, TakeRowLayout(l.list, top).more, 8);
        CHECK(inside(menu, l.whole) && inside(menu_line(menu, 7), menu));
    }
}

static void everything_fits_and_nothing_overlaps_at_any_size()
{
    for (float width = kMinWidth; width < 2600; width += 13)
        for (float height = kMinHeight; height < 1700; height += 17)
            for (int tab = 0; tab < kTabs; tab++) {
                const Layout l(width, height, static_cast<Tab>(tab));
                std::vector<Box> parts = {l.head, l.tools, l.wave, l.fewer, l.more, l.keep, l.title, l.post, l.progress, l.status};
                parts.insert(parts.end(), std::begin(l.tab_of), std::end(l.tab_of));
                if (l.tab != Tab::kHistory) parts.push_back(l.list);
                else parts.insert(parts.end(), {l.ruler, l.scale, l.overview, l.listen, l.chosen, l.zoom_out, l.zoom_in, l.keep_all});
                apart_and_inside(parts, l.whole);
                CHECK(l.title.w >= 100 && l.keep.w >= 150 && l.wave.h >= 50 && l.status.h >= 18 && l.tools.w >= 150);
                if (l.tab == Tab::kTakes) takes_fit(l);
                if (l.tab != Tab::kHistory) rows_and_cards_fit(l);
                else CHECK(l.list.w == 0 && l.wave.w == l.whole.w - 2 * kMargin && l.wave.h > 70 && l.chosen.w > 150);
                if (l.tab == Tab::kHistory) CHECK(inside(l.newest, l.wave) && inside(l.notice, l.wave) && inside(l.start, l.notice));
            }
}

static void a_line_is_edited_by_characters_and_holds_no_more_than_it_may()
{
    TextField field;
    field.insert("Bäss\n♪", std::strlen("Bäss\n♪"));
    CHECK(field.text() == "Bäss ♪");
    field.erase(true);
    CHECK(field.text() == "Bäss ");
    field.move(TextField::Move::kStart, false);
    field.move(TextField::Move::kRight, false);
    field.move(TextField::Move::kRight, true);
    CHECK(field.selected() == "ä");
    field.insert("a", 1);
    CHECK(field.text() == "Bass " && field.caret() == 2);
    field.erase(false);
    CHECK(field.text() == "Bas ");
    field.select_all();
    field.erase(false);
    CHECK(field.text().empty() && field.caret() == 0);
    field.insert("\x1b\x7f\xff\xc3\xed\xa0\x80ok\xe2\x99", 12); /* controls, broken and half characters */
    CHECK(field.text() == "ok");
    field.clear();
    for (int i = 0; i < 200; i++) field.insert("♪", 3);
    CHECK(field.text().size() == 3 * TextField::kMostCharacters);
    field.place(4, false);
    CHECK(field.caret() == 3); /* never within a character */
}

static sc_item item(const char *id, uint64_t created_us)
{
    sc_item made = {};
    std::snprintf(made.post_id, sizeof made.post_id, "%s", id);
    made.created_us = created_us;
    return made;
}

static sc_event answer(sc_event_kind kind, uint64_t id, const char *next, const char *text)
{
    sc_event made = {};
    made.kind = kind;
    made.id = id;
    if (kind == SC_EVENT_FEED_PAGE) {
        std::snprintf(made.feed_page.next, sizeof made.feed_page.next, "%s", next);
        std::snprintf(made.feed_page.note, sizeof made.feed_page.note, "%s", text);
    } else {
        std::snprintf(made.failed.message, sizeof made.failed.message, "%s", text);
    }
    return made;
}

static void rows_are_ordered_once_each_and_older_ones_asked_for_in_time()
{
    Feed feed;
    CHECK(feed.wants(0) && !feed.started());
    feed.asked(7);
    CHECK(!feed.wants(0)); /* one page at a time */
    CHECK(feed.take(item("b", 20)).is_new && feed.take(item("a", 10)).place == 1 && feed.take(item("c", 30)).place == 0);
    sc_item liked = item("b", 20);
    liked.liked = true;
    const Feed::Taken again = feed.take(liked);
    CHECK(!again.is_new && again.place == 1 && feed.rows()[1].liked && feed.rows().size() == 3);
    feed.answered(answer(SC_EVENT_FEED_PAGE, 6, "other", ""));
    CHECK(feed.loading()); /* the answer to something else */
    feed.answered(answer(SC_EVENT_FEED_PAGE, 7, "next", "The relay is away."));
    CHECK(!feed.loading() && feed.cursor() == "next" && feed.note() == "The relay is away.");
    CHECK(feed.wants(3) && !feed.wants(20) && !feed.at_end());
    feed.asked(8);
    feed.answered(answer(SC_EVENT_FEED_PAGE, 8, "", ""));
    CHECK(feed.at_end() && !feed.wants(0) && feed.note() == "The relay is away.");
    CHECK(feed.take(item("gone", 15)).is_new && feed.remove("gone") && !feed.remove("gone") && feed.rows().size() == 3);
    feed.renew();
    CHECK(feed.wants(0) && feed.rows().size() == 3);
    feed.asked(9);
    feed.answered(answer(SC_EVENT_ASK_FAILED, 9, "", "No answer. Try again."));
    CHECK(feed.note() == "No answer. Try again." && !feed.wants(0)); /* not in a circle */
    for (uint64_t i = 0; i < 2 * Feed::kMostRows; i++) feed.take(item(std::to_string(i).c_str(), 1000 + i));
    CHECK(feed.rows().size() == Feed::kMostRows && !feed.wants(0));
    feed.forget();
    CHECK(feed.rows().empty() && feed.wants(0));
}

static sc_event event(sc_event_kind kind, const std::function<void(sc_event &)> &fill = [](sc_event &) {})
{
    sc_event made = {};
    made.kind = kind;
    fill(made);
    return made;
}

static void link(Status &status, const char *relay_state, const char *account, uint32_t friends = 0, const char *trouble = "", const char *names = "")
{
    status.take(event(SC_EVENT_LINK, [&](sc_event &e) {
        std::snprintf(e.link.relay_state, sizeof e.link.relay_state, "%s", relay_state);
        std::snprintf(e.link.account, sizeof e.link.account, "%s", account);
        std::snprintf(e.link.trouble, sizeof e.link.trouble, "%s", trouble);
        e.link.friends_producing = friends;
        std::snprintf(e.link.friends, sizeof e.link.friends, "%s", names);
    }));
}

static std::string ended(Starter &starter)
{
    starter.start();
    for (int i = 0; i < 2000 && starter.running(); i++) {
        starter.step();
        usleep(10000);
    }
    CHECK(!starter.running());
    return starter.failure();
}

static void sidechain_is_started_as_it_said_and_a_failure_has_its_own_words()
{
    char folder[] = "/tmp/test_ui.XXXXXX";
    CHECK(mkdtemp(folder) && setenv("XDG_DATA_HOME", folder, 1) == 0);
    const std::string data = std::string(folder) + "/sidechain", file = data + "/start", proof = data + "/proof";
    CHECK(mkdir(data.c_str(), 0700) == 0 && setenv("PATH", "/nowhere", 1) == 0 && setenv("LD_LIBRARY_PATH", "/of/the/host", 1) == 0);
    Starter starter;
    CHECK(ended(starter) == "It did not start. sidechain is not there. Try it in a terminal.");
    const auto say = [&](const std::string &script) { std::ofstream(file) << "/bin/sh\n-c\n" << script << '\n'; };
    say("echo no; echo The settings are wrong.; exit 3");
    CHECK(ended(starter) == "It did not start. The settings are wrong. Try it in a terminal.");
    say("test -z \"$LD_LIBRARY_PATH\" && test \"$XDG_DATA_HOME\" = " + std::string(folder) + " && : > " + proof);
    CHECK(ended(starter).empty() && access(proof.c_str(), F_OK) == 0);
    CHECK(start_command(file)[0] == "/bin/sh");
    CHECK(chmod(file.c_str(), 0620) == 0 && start_command(file)[0] == "sidechain"); /* others may write it */
    for (const std::string &path : {file, proof}) unlink(path.c_str());
    rmdir(data.c_str());
    rmdir(folder);
}

static void how_far_back_one_can_go_is_said_as_it_is(Status &status, sc_info &info)
{
    const struct {
        double rate_hz;
        uint64_t heard_frames, reach_ms;
        const char *words;
    } told[] = {
        {48000.0, 0, 0, "What you play is remembered as you go."},
        {48000.0, 48000, 0, "The last 1 second is still here"},
        {48000.0, 96000, 1000, "The last 2 seconds are still here"},
        {48000.0, 1ull << 40, 0, "The last 43 seconds are still here"},
        {192000.0, 1ull << 40, 0, "The last 10 seconds are still here"},
        {192000.0, 1ull << 40, 598000, "The last 9 minutes are still here"},
    };
    info.capacity_frames = 1u << 21;
    for (const auto &each : told) {
        info.sample_rate_hz = each.rate_hz, info.committed_frames = each.heard_frames, info.reach_ms = each.reach_ms;
        status.take(info);
        CHECK(status.sentence().text.find(each.words) == 0);
    }
}

static void every_state_of_the_link_has_its_words_and_a_next_step()
{
    Status status;
    sc_info info = {};
    CHECK(status.card().command == "sidechain up --detach" && status.link().tone == Tone::kBad);
    CHECK(status.card().act == Card::Act::kNone); /* in a sandbox there is the command alone */
    status.starting(true, false, "");
    CHECK(status.card().act == Card::Act::kStart && status.card().button == "Start");
    status.starting(true, true, "");
    CHECK(status.card().button == "Starting …");
    status.starting(true, false, "It did not start.");
    CHECK(status.card().button == "Start" && status.card().trouble == "It did not start.");
    std::snprintf(info.reason, sizeof info.reason, "No space is left.");
    status.take(info);
    CHECK(status.link().text == "not recording" && status.sentence().text == "No space is left.");
    info.reason[0] = '\0';
    info.connected = info.attached = true;
    status.take(info);
    CHECK(!status.card().shown() && status.link().text == "connected"); /* nothing is said before the daemon has said it */
    CHECK(status.name() == "Sidechain");
    how_far_back_one_can_go_is_said_as_it_is(status, info);
    std::snprintf(info.track_name, sizeof info.track_name, "Bass");
    status.take(info);
    CHECK(status.name() == "Bass");
    link(status, "unclaimed", "");
    CHECK(status.card().command == "sidechain claim" && status.link().text == "no account yet");
    CHECK(status.card().act == Card::Act::kClaim && status.card().button == "Claim");
    status.claiming(true);
    CHECK(status.card().button == "Ask again" && status.card().words.find("say yes there") != std::string::npos);
    status.take(event(SC_EVENT_NOTICE, [](sc_event &e) { std::snprintf(e.notice.kind, sizeof e.notice.kind, "claim"); }));
    CHECK(status.card().button == "Claim");
    link(status, "needs_reclaim", "");
    CHECK(status.card().headline == "Claim this device again" && status.link().text == "not signed in");
    link(status, "no_relay", "");
    CHECK(status.card().command == "sidechain setup" && status.link().text == "no relay set");
    link(status, "no_relay", "nightowl");
    CHECK(status.link().text == "no relay set"); /* whoever it belonged to */
    link(status, "unclaimed", "", 0, "The keyring is locked. Unlock the keyring; Sidechain goes on by itself.");
    CHECK(status.card().words.find("Unlock") != std::string::npos && status.link().text == "not signed in");
    link(status, "online", "nightowl", 3, "", "mira.k, tobi, uma");
    CHECK(!status.card().shown() && status.link().text == "nightowl · online" && status.link().tone == Tone::kGood);
    CHECK(status.friends_line() == "3 friends producing now: mira.k, tobi, uma");
    link(status, "backing_off", "nightowl", 1, "1 take could not be posted. `sidechain outbox` says why.");
    CHECK(status.link().text == "nightowl · offline" && status.friends_line() == "1 friend producing now");
    CHECK(status.sentence().tone == Tone::kBad && status.sentence().text.find("sidechain outbox") != std::string::npos);
    link(status, "online", "nightowl");
    status.take(event(SC_EVENT_REFUSED, [](sc_event &e) { std::snprintf(e.refused.message, sizeof e.refused.message, "The Ring cannot be read."); }));
    info.attached = false;
    status.take(info);
    CHECK(status.sentence().tone == Tone::kBad && status.sentence().text.find("cannot be read") != std::string::npos);
    info.attached = true;
    status.take(info);
    status.take(event(SC_EVENT_ATTACHED));
    CHECK(status.sentence().tone == Tone::kPlain);
    status.take(event(SC_EVENT_REFUSED, [](sc_event &e) { std::snprintf(e.refused.message, sizeof e.refused.message, "Update the plugin."); }));
    status.take(event(SC_EVENT_DISCONNECTED));
    info.connected = info.attached = false;
    status.take(info);
    CHECK(status.link().text == "refused" && status.card().words == "Update the plugin.");
    CHECK(status.account().empty() && status.friends_line().empty());
}

static void posting(Status &status, const char *state, double share, const char *words)
{
    status.take(event(SC_EVENT_POSTING, [&](sc_event &e) {
        std::snprintf(e.posting.take_id, sizeof e.posting.take_id, "t1");
        std::snprintf(e.posting.state, sizeof e.posting.state, "%s", state);
        std::snprintf(e.posting.message, sizeof e.posting.message, "%s", words);
        e.posting.fraction = share;
    }));
}

static void a_take_is_kept_then_posted_and_every_step_is_said()
{
    using Take = Status::Take;
    Status status;
    sc_info info = {};
    info.connected = info.attached = true;
    status.take(info);
    link(status, "online", "nightowl");
    CHECK(status.keep_label(8, false) == "Keep last 8 bars" && status.keep_label(1, true) == "Keep + post last bar");
    status.keeping(0, false);
    CHECK(status.sentence().tone == Tone::kBad && status.kept() == Take::kNone);
    status.keeping(5, false);
    CHECK(status.kept() == Take::kKeeping);
    const auto kept = [](sc_event &e) {
        e.id = 5;
        e.kept.bars = 8;
        e.kept.anchored = true;
        std::snprintf(e.kept.take_id, sizeof e.kept.take_id, "t1");
    };
    status.take(event(SC_EVENT_KEPT, kept));
    CHECK(status.kept() == Take::kKept && status.post_label() == "Post" && status.take_id() == "t1");
    CHECK(status.sentence().text.find("Kept 8 bars.") == 0);
    status.posting(11);
    posting(status, "rendering", 0.1, "Levelling and encoding.");
    CHECK(status.kept() == Take::kPosting && status.sentence().text == "Levelling and encoding.");
    posting(status, "uploading", 0.375, "Uploading.");
    CHECK(status.sentence().text == "Uploading, 37 %" && status.share() > 0.37f);
    posting(status, "uploading", 1.0, "Uploading.");
    CHECK(status.sentence().text.find("Uploaded.") == 0);
    posting(status, "waiting", 0.0, "Kept, and posted by itself when the relay can be reached.");
    CHECK(status.kept() == Take::kWaiting && status.post_label() == "Keep + post");
    posting(status, "failed", 0.0, "The relay refused it. The take is safe.");
    CHECK(status.kept() == Take::kFailed && status.post_label() == "Post again" && status.sentence().tone == Tone::kBad);
    posting(status, "posted", 1.0, "It was posted.");
    CHECK(status.kept() == Take::kPosted && status.post_label() == "Keep + post" && status.sentence().tone == Tone::kGood);
    link(status, "backing_off", "nightowl");
    CHECK(status.kept() == Take::kNone && status.sentence().text.find("posted") == std::string::npos); /* who knows */
    link(status, "online", "nightowl");
    status.keeping(6, true);
    status.take(event(SC_EVENT_KEPT, [](sc_event &e) { e.id = 6; }));
    CHECK(status.kept() == Take::kPosting); /* it goes on by itself */
    status.take(event(SC_EVENT_KEEP_FAILED, [](sc_event &e) { std::snprintf(e.failed.message, sizeof e.failed.message, "The disk is full."); }));
    CHECK(status.sentence().text == "The disk is full.");
}

static void a_notice_that_ended_goes_and_nothing_else_with_it()
{
    Status status;
    sc_info info = {};
    info.connected = info.attached = true;
    status.take(info);
    static const char *kind, *message;
    const auto notice = [&](const char *its_kind, const char *its_message) {
        kind = its_kind, message = its_message;
        status.take(event(SC_EVENT_NOTICE, [](sc_event &e) {
            std::snprintf(e.notice.kind, sizeof e.notice.kind, "%s", kind);
            std::snprintf(e.notice.message, sizeof e.notice.message, "%s", message);
        }));
    };
    const std::string plain = status.sentence().text;
    notice("recovered", "Recovered: 3:12 from REAPER.");
    CHECK(status.sentence().text == "Recovered: 3:12 from REAPER.");
    notice("recovered", ""); /* kept elsewhere */
    CHECK(status.sentence().text == plain);
    notice("recovered", "Recovered: 12 s from REAPER.");
    notice("notification", "mira.k likes “Night”.");
    notice("recovered", "");
    CHECK(status.sentence().text == "mira.k likes “Night”.");
    notice("recovered", "Recovered: 12 s from REAPER.");
    status.keeping(5, false);
    notice("recovered", "");
    CHECK(status.sentence().text == "Keeping …");
}

static void a_held_post_counts_down_and_can_be_undone_until_it_goes()
{
    using Take = Status::Take;
    Status status;
    sc_info info = {};
    info.connected = info.attached = true;
    status.take(info);
    link(status, "online", "nightowl");
    status.pass(5000000);
    status.keeping(7, true);
    status.take(event(SC_EVENT_KEPT, [](sc_event &e) {
        e.id = 7;
        e.kept.held_ms = 10000;
        e.kept.bars = 8;
        e.kept.anchored = true;
        std::snprintf(e.kept.name, sizeof e.kept.name, "Lead · 104 BPM · 08:59");
        std::snprintf(e.kept.take_id, sizeof e.kept.take_id, "t1");
    }));
    CHECK(status.kept() == Take::kHeld && status.post_label() == "Undo · 10 s" && status.share() > 0.99f);
    CHECK(status.sentence().text == "Kept 8 bars as “Lead · 104 BPM · 08:59”.");
    status.pass(12600000);
    CHECK(status.post_label() == "Undo · 3 s" && status.share() > 0.23f && status.share() < 0.25f);
    status.undoing(12);
    status.take(event(SC_EVENT_ASK_FAILED, [](sc_event &e) {
        e.id = 12;
        std::snprintf(e.failed.message, sizeof e.failed.message, "It is uploading.");
    }));
    CHECK(status.kept() == Take::kHeld && status.sentence().text == "It is uploading.");
    posting(status, "discarded", 0.0, "It was taken back and is not posted. The take stays.");
    CHECK(status.kept() == Take::kKept && status.post_label() == "Post");
    status.pass(13000000);
    status.take(event(SC_EVENT_POSTING, [](sc_event &e) {
        std::snprintf(e.posting.take_id, sizeof e.posting.take_id, "t1");
        std::snprintf(e.posting.state, sizeof e.posting.state, "held");
        e.posting.held_ms = 4000;
    }));
    CHECK(status.kept() == Take::kHeld && status.post_label() == "Undo · 4 s" && status.share() > 0.99f);
    posting(status, "uploading", 0.5, "Uploading.");
    CHECK(status.kept() == Take::kPosting && status.post_label() == "Posting …");
}

static void what_is_in_sight_stays_within_what_there_is_and_follows_the_newest()
{
    Viewport view;
    view.show(0.0, 4.8e6, 700.0);
    CHECK(view.live() && view.end() > 4.8e6 && view.x_of(4.8e6) > 600.0);
    view.show(0.0, 5.0e6, 700.0);
    CHECK(view.live() && std::abs(view.x_of(5.0e6) - 700.0 * (1.0 - Viewport::kLiveEdge)) < 1.0);
    view.scroll(-300.0);
    for (int i = 0; i < 200 && view.pass(0.016); i++) {}
    const double first = view.first();
    view.show(0.0, 6.0e6, 700.0);
    CHECK(!view.live() && view.first() == first); /* what one looks at stays where it is */
    const double at = view.frame_at(200.0);
    view.zoom(4.0, 200.0);
    CHECK(std::abs(view.frame_at(200.0) - at) < 1e-3);
    view.zoom(1e9, 200.0);
    CHECK(view.frames_per_point() == Viewport::kFinest);
    view.zoom(1e-9, 200.0);
    CHECK(view.first() <= 0.0 && view.end() >= 6.0e6);
    view.look_at(3.0e6, 70000.0);
    view.reveal(2.0e6, 2.1e6);
    for (int i = 0; i < 400 && view.pass(0.016); i++) {}
    CHECK(view.first() < 2.0e6 && view.end() > 2.0e6);
    view.drag(-1e9);
    CHECK(view.first() == 0.0);
    view.go_to_newest();
    for (int i = 0; i < 400 && view.pass(0.016); i++) {}
    CHECK(view.live());
}

static sc_event peaks_of(uint64_t id, const PeakTiles::Wanted &wanted, uint64_t newest, int16_t high, bool coarse = false)
{
    sc_event made = {};
    made.kind = SC_EVENT_PEAKS;
    made.id = id;
    made.peaks.first_frame = wanted.first_frame;
    made.peaks.end_frame = wanted.end_frame;
    made.peaks.newest_frame = newest;
    made.peaks.coarse = coarse;
    made.peaks.columns = SC_MAX_PEAK_COLUMNS;
    for (auto &peak : made.peaks.peaks) peak.high = high;
    made.peaks.holes[0] = 1;
    return made;
}

static void pictures_are_asked_for_once_from_the_middle_and_again_when_they_have_grown()
{
    PeakTiles tiles;
    const int level = PeakTiles::level_of(300.0);
    CHECK(level == 8);
    const uint64_t tile = SC_MAX_PEAK_COLUMNS << level, newest = 10 * tile - tile / 2;
    CHECK(!tiles.peak(0.0, 256.0, level).known);
    uint64_t id = 0;
    std::vector<uint64_t> places;
    for (PeakTiles::Wanted wanted; (wanted = tiles.wanted(0.0, 1e12, level, newest, tile)).level >= 0;) {
        CHECK(wanted.end_frame - wanted.first_frame == tile && wanted.first_frame % tile == 0);
        places.push_back(wanted.first_frame / tile);
        tiles.asked(wanted, ++id);
        if (places.size() < 4) continue;
        CHECK(tiles.answered(peaks_of(id, wanted, newest, 16384)) && !tiles.answered(peaks_of(id, wanted, newest, 1)));
    }
    CHECK(places.size() >= 4 && places[0] == 4); /* the middle; some are still under way */
    CHECK(tiles.answered(peaks_of(1, {level, 4 * tile, 5 * tile}, newest, 32767)));
    const PeakTiles::Peak loud = tiles.peak(4.0 * tile + 512, 4.0 * tile + 768, level);
    CHECK(loud.known && !loud.hole && loud.high == 1.0f && loud.low == 0.0f);
    CHECK(tiles.peak(4.0 * tile, 4.0 * tile + 256, level).hole);
    CHECK(tiles.peak(4.0 * tile + 512, 4.0 * tile + 520, level - 3).high == 1.0f); /* a coarser one stands in for it */
    sc_event failed = answer(SC_EVENT_ASK_FAILED, 2, "", "busy");
    CHECK(tiles.answered(failed) && tiles.wanted(0.0, 1e12, level, newest, tile).level == level);
    tiles.forget();
    const PeakTiles::Wanted last = {level, 9 * tile, 10 * tile};
    tiles.asked(last, 50);
    CHECK(tiles.answered(peaks_of(50, last, newest, 100)));
    CHECK(tiles.told_until(newest, level) == newest && !tiles.peak(static_cast<double>(newest), newest + 256.0, level).known);
    CHECK(tiles.wanted(9.0 * tile, 10.0 * tile, level, newest + tile / 4, tile / 3).level < 0);
    CHECK(tiles.wanted(9.0 * tile, 10.0 * tile, level, newest + tile / 2, tile / 3).first_frame == last.first_frame);
    for (uint64_t i = 0; i < 3 * PeakTiles::kMostTiles; i++) {
        const PeakTiles::Wanted wanted = {level, i * tile, (i + 1) * tile};
        tiles.asked(wanted, 100 + i);
        CHECK(tiles.answered(peaks_of(100 + i, wanted, UINT64_MAX / 2, 1)));
    }
    CHECK(!tiles.peak(512.0, 768.0, level).known); /* it was given up for newer ones */
}

static sc_marks marks_of(uint64_t first, uint64_t end, uint64_t bar, int32_t number)
{
    sc_marks made = {};
    made.first_frame = first;
    made.end_frame = end;
    made.marks[made.count++] = {first, 120.0, 0, 4, 4, SC_MARK_PLAYING};
    for (uint64_t line = (first + bar) / bar * bar; line < end && made.count < SC_MAX_MARKS; line += bar)
        made.marks[made.count++] = {line, 120.0, number++, 4, 4, SC_MARK_PLAYING | SC_MARK_LINE | SC_MARK_NUMBERED};
    return made;
}

static void places_snap_to_bars_and_beats_and_what_is_chosen_is_measured()
{
    constexpr uint64_t kBar = 96000, kFar = 8 * 48000;
    BarMap bars;
    CHECK(bars.snapped(777, Snap::kBar, kFar) == 777 && bars.stepped(777, Snap::kBar, 3) == 777);
    CHECK(bars.wanted(0, 10 * kBar).end == 10 * kBar);
    bars.take(marks_of(kBar / 2, 6 * kBar, kBar, 2));
    bars.take(marks_of(6 * kBar - 5, 12 * kBar, kBar, 7));
    CHECK(bars.wanted(kBar, 11 * kBar).empty() && bars.wanted(kBar, 14 * kBar).first == 12 * kBar);
    CHECK(bars.lines().size() == 11 && bars.told_until(kBar) == 12 * kBar);
    bars.take_live({static_cast<int64_t>(13 * kBar), static_cast<int64_t>(12 * kBar), static_cast<int64_t>(11 * kBar + 3)});
    CHECK(bars.lines().size() == 13 && bars.lines().back() == 13 * kBar); /* what was told counts where it was told */
    CHECK(bars.snapped(5 * kBar + 100, Snap::kBar, kFar) == 5 * kBar && bars.snapped(5 * kBar - 100, Snap::kBar, kFar) == 5 * kBar);
    CHECK(bars.snapped(5 * kBar + 25000, Snap::kBeat, kFar) == 5 * kBar + kBar / 4);
    CHECK(bars.snapped(5 * kBar + 25000, Snap::kFree, kFar) == 5 * kBar + 25000);
    CHECK(bars.snapped(40 * kBar, Snap::kBar, kFar) == 40 * kBar); /* no line is near */
    CHECK(bars.stepped(5 * kBar + 9, Snap::kBar, 1) == 6 * kBar && bars.stepped(5 * kBar + 9, Snap::kBar, -1) == 5 * kBar);
    CHECK(bars.stepped(5 * kBar, Snap::kBar, -2) == 3 * kBar && bars.stepped(13 * kBar, Snap::kBar, 1) == 13 * kBar);
    CHECK(bars.bars_in(2 * kBar, 10 * kBar) == 8 && bars.bars_in(2 * kBar + 1, 10 * kBar) == 0);

    Selection chosen;
    chosen.follow(bars, 8);
    CHECK(!chosen.fixed() && chosen.first() == 5 * kBar && chosen.end() == 13 * kBar);
    CHECK(words(measured(bars, 2 * kBar, 10 * kBar, 48000.0)) == "8 bars  ·  120 BPM  ·  16.0 s");
    CHECK(short_words(measured(bars, 2 * kBar + 1, 3 * kBar, 48000.0)) == "2.0 s");
    chosen.begin(4 * kBar);
    chosen.drag(6 * kBar);
    CHECK(chosen.fixed() && chosen.first() == 4 * kBar && chosen.end() == 6 * kBar);
    chosen.drag(2 * kBar); /* past the other end */
    CHECK(chosen.first() == 2 * kBar && chosen.end() == 4 * kBar && chosen.held() == Selection::Handle::kFirst);
    chosen.follow(bars, 8);
    CHECK(chosen.first() == 2 * kBar); /* it stays until it is given up */
    chosen.release();
    chosen.follow(bars, 99);
    CHECK(chosen.empty());
    sc_marks stop = marks_of(8 * kBar, 9 * kBar, kBar, 9);
    stop.marks[0].flags = 0;
    bars.take(stop);
    CHECK(bars.bars_in(2 * kBar, 10 * kBar) == 0); /* the transport stood in between */
    CHECK(clock_text(3723.0) == "1:02:03" && clock_text(59.6) == "1:00" && seconds_text(0.25) == "0.25 s" && tempo_text(92.5) == "92.5");
}

/* As a host that rounds makes the window see them, and then as the daemon tells them. */
static void what_is_chosen_goes_with_its_bar_lines_when_they_are_told_again()
{
    BarMap bars;
    bars.take_live({3 * 48001, 2 * 48001, 48001, 0});
    Selection selection;
    selection.set(48001, 3 * 48001);
    bars.take(marks_of(0, 4 * 48000, 48000, 1));
    selection.settle(bars);
    CHECK(selection.first() == 48000 && selection.end() == 3 * 48000 && bars.bars_in(selection.first(), selection.end()) == 2);
    selection.set(47900, 96000); /* one that was on no line stays where it is */
    bars.take(marks_of(0, 4 * 48000, 48000, 1));
    selection.settle(bars);
    CHECK(selection.first() == 47900 && selection.end() == 96000);
}

static void small_words_are_right()
{
    CHECK(age(1000000, 1000000) == "just now" && age(5000000, 1000000) == "just now");
    CHECK(age(0, 90ull * 1000000) == "1 min ago" && age(0, 3ull * 86400 * 1000000) == "3 d ago");
    CHECK(count_text(999) == "999" && count_text(1234) == "1.2k" && count_text(4000000) == "4.0M");
    sc_item row = item("a", 1);
    CHECK(facts(row).empty()); /* unknown stays unknown */
    row.bpm = 128.0;
    row.bars = 1;
    CHECK(facts(row) == "128 BPM  ·  1 bar");
}

static void say(const char *name, const Box &box, bool last = false)
{
    std::printf("\"%s\": [%g, %g, %g, %g]%s", name, box.x, box.y, box.w, box.h, last ? "}\n" : ", ");
}

/* A drag by a system that does what the test says, and a daemon that is asked and answers when the test does. */

static struct {
    int begun = 0, living = 0;
    bool possible = true;
    DragSource::State state = DragSource::State::kNobody;
    std::string path;
    bool dropped = false, withdrawn = false;
    uint64_t answer = 7;
    sc_export wanted = {};
} drags;

class FakeDrag final : public DragSource {
public:
    FakeDrag() { drags.living++; }
    ~FakeDrag() override { drags.living--; }
    void move(int, int, uint32_t) override {}
    void drop(int, int, uint32_t) override { drags.dropped = true; }
    void cancel() override { drags.state = State::kNotTaken; }
    void offer(const std::string &path) override { drags.path = path; }
    void withdraw() override { drags.withdrawn = true, drags.state = State::kNotTaken; }
    State state() const override { return drags.state; }
};

std::unique_ptr<DragSource> DragSource::begin(uintptr_t, uint32_t)
{
    drags.begun++;
    return drags.possible ? std::make_unique<FakeDrag>() : nullptr;
}

extern "C" uint64_t sc_window_export(sc_client *, const sc_export *what)
{
    drags.wanted = *what;
    return drags.answer;
}

static bool dragged_to(DragOut &drag, double x)
{
    return drag.move({{x, 10}, static_cast<int>(x), 10, 5}, 1, reinterpret_cast<sc_client *>(1));
}

static DragOut &pressed(DragOut &drag)
{
    drags = {};
    Draggable what;
    what.target = "01JD";
    what.name = "Lead";
    drag.press(what, {10, 10}, 4);
    return drag;
}

static void a_press_that_moves_is_a_drag_and_one_that_does_not_is_a_click()
{
    DragOut drag;
    CHECK(!dragged_to(drag, 300) && drags.begun == 0); /* nothing was pressed */
    pressed(drag);
    CHECK(!dragged_to(drag, 10 + DragOut::kThreshold - 1) && !drag.release({}) && drags.begun == 0);
    CHECK(!dragged_to(drag, 300)); /* let go */
    CHECK(dragged_to(pressed(drag), 300) && drags.begun == 1 && dragged_to(drag, 301) && drags.begun == 1);
    CHECK(drags.wanted.kind == SC_EXPORT_TAKE && std::string(drags.wanted.target) == "01JD" && !drags.wanted.show);
    drag.cancel();
    CHECK(drag.step() && !drag.dragging() && drags.living == 0 && drag.result().empty() && drag.words().empty());
}

static void the_file_may_come_before_the_drop_or_behind_it()
{
    for (const bool late : {false, true}) {
        DragOut drag;
        CHECK(dragged_to(pressed(drag), 300));
        sc_event event = {};
        event.kind = SC_EVENT_EXPORTED;
        event.id = 8;
        CHECK(!drag.hear(event)); /* of somebody else */
        event.id = 7;
        std::snprintf(event.exported.path, sizeof event.exported.path, "/a/Lead.wav");
        std::snprintf(event.exported.name, sizeof event.exported.name, "Lead");
        if (!late) CHECK(drag.hear(event) && drags.path == "/a/Lead.wav");
        drags.state = DragSource::State::kTaking;
        CHECK(drag.step() && drag.words() == "Let go, and “Lead” is dropped here.");
        CHECK(drag.release({}) && drags.dropped);
        drags.state = DragSource::State::kDropping;
        CHECK(drag.step() && drag.words() == (late ? "Writing “Lead” …" : "Dropping “Lead” …"));
        if (late) CHECK(drag.hear(event) && drags.path == "/a/Lead.wav");
        drags.state = DragSource::State::kTaken;
        CHECK(drag.step() && drag.result() == "Dropped “Lead”." && drag.result().empty() && drags.living == 0);
    }
}

static void one_that_waits_for_a_word_stands_in_nobodys_way()
{
    DragOut drag;
    CHECK(dragged_to(pressed(drag), 300) && drag.release({}));
    drags.state = DragSource::State::kDropping;
    CHECK(drag.step());
    drag.press({}, {10, 10}, 5);
    CHECK(dragged_to(drag, 300) && drags.begun == 1); /* it has not got the file yet */
    drags.state = DragSource::State::kFetched;
    CHECK(drag.step() && drag.dragging());
    drag.press({}, {10, 10}, 6);
    CHECK(!drag.dragging() && drags.living == 0 && drag.result() == "Dropped “Lead”.");
    drags.state = DragSource::State::kNobody;
    CHECK(dragged_to(drag, 300) && drags.begun == 2);
    drags.state = DragSource::State::kTaken; /* and nobody has looked since */
    drag.press({}, {10, 10}, 7);
    CHECK(dragged_to(drag, 300) && drags.begun == 3);
}

static void what_cannot_be_dragged_says_why()
{
    DragOut drag;
    CHECK(dragged_to(pressed(drag), 300));
    sc_event event = {};
    event.kind = SC_EVENT_ASK_FAILED;
    event.id = 7;
    std::snprintf(event.failed.message, sizeof event.failed.message, "The disk is full.");
    CHECK(drag.hear(event) && drags.withdrawn && drag.step() && drag.result() == "The disk is full.");
    CHECK(dragged_to(pressed(drag), 300));
    drags.state = DragSource::State::kTooEarly;
    CHECK(drag.step() && !drag.dragging() && drag.result() == "It was let go while it was still being written. Drag it once more.");
    pressed(drag);
    drags.possible = false;
    CHECK(!dragged_to(drag, 300) && drag.result() == "Nothing can be dragged here. Copy its path instead.");
    pressed(drag);
    drags.answer = 0;
    CHECK(!dragged_to(drag, 300) && drags.begun == 0 && !drag.result().empty());
    CHECK(dragged_to(pressed(drag), 300));
    drags.state = DragSource::State::kRefusing;
    CHECK(drag.step() && drag.words().find("does not take") != std::string::npos);
}

static sc_event take_event(const char *id, uint64_t created_us, uint64_t asked)
{
    sc_event event = {};
    event.kind = SC_EVENT_TAKE;
    event.id = asked;
    event.take.created_us = created_us;
    std::snprintf(event.take.take_id, sizeof event.take.take_id, "%s", id);
    std::snprintf(event.take.state, sizeof event.take.state, "kept");
    return event;
}

static std::string ids(const Takes &takes)
{
    std::string all;
    for (const TakeEntry &row : takes.rows()) all += row.take.take_id;
    return all;
}

static void answer_page(Takes &takes, uint64_t asked, const char *next)
{
    sc_event event = {};
    event.kind = SC_EVENT_TAKES_PAGE;
    event.id = asked;
    std::snprintf(event.takes_page.next, sizeof event.takes_page.next, "%s", next);
    CHECK(takes.hear(event, 0));
}

static void takes_are_listed_newest_first_and_follow_what_is_told()
{
    Takes takes;
    CHECK(takes.wants(0));
    takes.asked(5);
    CHECK(!takes.wants(0));
    for (const char *id : {"b", "c"}) takes.hear(take_event(id, static_cast<uint64_t>(id[0]), 5), 0);
    answer_page(takes, 5, "older");
    CHECK(ids(takes) == "cb" && takes.wants(0) && !takes.wants(50) && takes.cursor() == "older");
    takes.hear(take_event("d", 'd', 0), 0); /* kept just now */
    sc_event gone = {};
    gone.kind = SC_EVENT_TAKE_GONE;
    gone.take_gone.take_id[0] = 'c';
    takes.hear(gone, 0);
    CHECK(ids(takes) == "db" && takes.find("b") && !takes.find("c"));
    takes.look_for("night");
    CHECK(ids(takes).empty() && takes.wants(0));
    takes.asked(6);
    takes.hear(take_event("a", 'a', 5), 0); /* of the list before */
    takes.hear(take_event("b", 'b', 6), 0);
    answer_page(takes, 6, "");
    CHECK(ids(takes) == "b" && takes.at_end() && !takes.wants(0));
    takes.hear(take_event("e", 'e', 0), 0); /* whether it is found so, is asked */
    CHECK(ids(takes) == "b" && takes.wants(0));
}

static void a_takes_post_is_on_its_button()
{
    Takes takes;
    takes.hear(take_event("a", 1, 0), 0);
    const auto told = [&](const char *state, double fraction, uint32_t held_ms) {
        sc_event event = {};
        event.kind = SC_EVENT_POSTING;
        event.posting.take_id[0] = 'a';
        std::snprintf(event.posting.state, sizeof event.posting.state, "%s", state);
        event.posting.fraction = fraction;
        event.posting.held_ms = held_ms;
        takes.hear(event, 1000000);
        return post_button(takes.rows()[0], 1000000);
    };
    CHECK(post_button(takes.rows()[0], 0).words == "Post");
    const PostButton held = told("held", 0, 6500);
    CHECK(held.words == "Undo · 7 s" && held.enabled && held.is_undo);
    CHECK(told("uploading", 0.425, 0).words == "Upload 42 %" && !told("rendering", 0, 0).enabled);
    CHECK(told("posted", 1, 0).words == "Posted" && told("failed", 0, 0).words == "Post again" && told("discarded", 0, 0).words == "Post");
}

static void a_takes_words_leave_out_what_is_not_known()
{
    sc_take take = {};
    take.duration_ms = 500;
    CHECK(facts(take, "") == "0.5 s");
    take.bpm = 104.0, take.bars = 8, take.duration_ms = 61500;
    std::snprintf(take.key, sizeof take.key, "Am");
    std::snprintf(take.tags, sizeof take.tags, "verse, dark");
    CHECK(facts(take, "2 min ago") == "104 BPM · 8 bars · 1:01 · Am · 2 min ago · verse, dark");
    const TagChange change = tag_change("verse, dark", " dark ,low,, low key");
    CHECK(change.add == "low, low key" && change.remove == "verse");
    CHECK(tag_change("", "").add.empty() && tag_change("a", "a").remove.empty() && tag_change("a", "").remove == "a" && tag_change("", " , ").add.empty());
}

int main(int count, char **arguments)
{
    if (count == 4 && std::strcmp(arguments[1], "layout") == 0) {
        const auto width = static_cast<float>(std::atof(arguments[2])), height = static_cast<float>(std::atof(arguments[3]));
        const Layout l(width, height, Tab::kFeed), h(width, height, Tab::kHistory);
        const RowLayout row(l.list, l.list.y + 2);
        const RowLayout last(l.list, l.list.bottom() - 26 - RowLayout::height(l.list.w)); /* scrolled to the end */
        const CardLayout card(l.list, false), starting(l.list, true);
        std::printf("{");
        say("head", l.head), say("wave", l.wave), say("fewer", l.fewer), say("more", l.more), say("keep", l.keep);
        say("title", l.title), say("post", l.post), say("progress", l.progress), say("status", l.status);
        say("tools", l.tools), say("tab_history", l.tab_of[0]), say("tab_takes", l.tab_of[1]), say("tab_feed", l.tab_of[2]), say("sync", l.sync), say("list", l.list), say("row", row.whole), say("row_play", row.play);
        say("past", h.wave), say("ruler", h.ruler), say("scale", h.scale), say("overview", h.overview), say("listen", h.listen);
        say("chosen", h.chosen), say("zoom_in", h.zoom_in), say("zoom_out", h.zoom_out), say("keep_all", h.keep_all);
        say("newest", h.newest), say("notice", h.notice), say("history_start", h.start), say("keep_chosen", h.keep), say("more_chosen", h.more);
        say("row_title", row.title), say("row_wave", row.wave), say("row_like", row.like), say("row_chip", chip(row, 0));
        say("last_like", last.like), say("bar", {l.whole.right() - 10, l.list.y, 4, l.list.h});
        const TakeRowLayout take(l.list, l.list.y + 2), second(l.list, l.list.y + 2 + TakeRowLayout::kHeight);
        const Box menu = menu_box(l.list, take.more, 6); /* of one that is not posted */
        say("search", search_box(l)), say("take", take.whole), say("take_play", take.play), say("take_name", take.name), say("take_wave", take.wave);
        say("take_post", take.post), say("take_more", take.more), say("take_edit", take.edit), say("second_take", second.whole);
        const char *const deeds[] = {"menu_rename", "menu_tag", "menu_mend", "menu_path", "menu_show", "menu_discard"};
        for (int n = 0; n < 6; n++) say(deeds[n], menu_line(menu, n));
        say("undo", undo_button(undo_bar(l.list)));
        const Box picks = picker(l.list, chip(row, 0), SC_REACTIONS);
        say("pick_fire", picker_cell(picks, 2)), say("command", card.command), say("copy", card.copy), say("whose", h.whose), say("follow", l.follow), say("name", l.name), say("row_more", row.more);
        const Box post_menu = menu_box(l.list, row.more, 5);
        const char *const post_deeds[] = {"post_open", "post_link", "post_path", "post_show", "post_unfollow"};
        for (int n = 0; n < 5; n++) say(post_deeds[n], menu_line(post_menu, n));
        say("card_name", {starting.act.x, starting.act.y, starting.copy.x - kGap - starting.act.x, starting.act.h});
        say("start", starting.act, true);
        return 0;
    }
    everything_fits_and_nothing_overlaps_at_any_size();
    a_line_is_edited_by_characters_and_holds_no_more_than_it_may();
    rows_are_ordered_once_each_and_older_ones_asked_for_in_time();
    every_state_of_the_link_has_its_words_and_a_next_step();
    sidechain_is_started_as_it_said_and_a_failure_has_its_own_words();
    a_take_is_kept_then_posted_and_every_step_is_said();
    a_notice_that_ended_goes_and_nothing_else_with_it();
    a_held_post_counts_down_and_can_be_undone_until_it_goes();
    what_is_in_sight_stays_within_what_there_is_and_follows_the_newest();
    pictures_are_asked_for_once_from_the_middle_and_again_when_they_have_grown();
    places_snap_to_bars_and_beats_and_what_is_chosen_is_measured();
    what_is_chosen_goes_with_its_bar_lines_when_they_are_told_again();
    small_words_are_right();
    a_press_that_moves_is_a_drag_and_one_that_does_not_is_a_click();
    the_file_may_come_before_the_drop_or_behind_it();
    one_that_waits_for_a_word_stands_in_nobodys_way();
    what_cannot_be_dragged_says_why();
    takes_are_listed_newest_first_and_follow_what_is_told();
    a_takes_post_is_on_its_button();
    a_takes_words_leave_out_what_is_not_known();
    return 0;
}
