/* How things stand, as the window says it: the link, the account, the take that was kept last and its way to the feed.
   Folds what the client tells into words. No drawing; nothing is asked from here. */
#ifndef SIDECHAIN_UI_STATUS_HPP
#define SIDECHAIN_UI_STATUS_HPP

#include "sidechain_window.h"

#include <string>

namespace ui {

enum class Tone { kPlain, kGood, kBad };

struct Sentence {
    std::string text;
    Tone tone = Tone::kPlain;
};

/* What stands in place of the feed while there is none to show: what is so, what to do, the command for it, and a button that
   does it (kFollow: with whom in a field, in the command's place); and what went wrong when it was tried last. */
struct Card {
    enum class Act { kNone, kStart, kClaim, kFollow };
    std::string headline, words, command, footnote;
    Act act = Act::kNone;
    std::string button = "", trouble = "";
    bool shown() const { return !headline.empty(); }
};

class Status {
public:
    enum class Take { kNone, kKeeping, kKept, kHeld, kPosting, kWaiting, kPosted, kFailed };

    void take(const sc_info &info) { info_ = info; }
    void take(const sc_event &event);

    void keeping(uint64_t id, bool posts); /* a keep was asked for; 0: nothing is recorded yet */
    void posting(uint64_t id);             /* a post of the kept take was asked for; 0: it could not be */
    /* Whether the window can start Sidechain, does so just now, and why it did not work ("": it was not tried). */
    void starting(bool possible, bool now, const std::string &failure);
    void claiming(bool asked) { claims_ = asked; } /* the browser asks whose this device is */
    void undoing(uint64_t id);             /* it was asked that the held post stays here; 0: it could not be */
    void pass(uint64_t now_us);            /* time, on a clock that nobody sets: what is held is counted down */
    void let_go();                         /* the kept take is done with: the next post keeps anew */

    bool daemon_there() const { return info_.connected; }
    bool signed_in() const { return daemon_there() && !account_.empty(); }
    bool online() const { return daemon_there() && relay_state_ == "online"; }
    const std::string &account() const { return account_; }
    uint32_t friends() const { return daemon_there() ? friends_count_ : 0; }
    const sc_info &info() const { return info_; }

    Take kept() const { return take_; }
    const std::string &take_id() const { return take_id_; }
    float share() const { return share_; } /* of the present step of a post, 0 to 1 */
    const std::string &page_url() const { return page_url_; }

    /* Words. */
    std::string name() const;                 /* in the head: the track, as the host calls it; else "Sidechain" */
    Sentence link() const;                    /* in the head, at the right */
    std::string friends_line() const;         /* "3 friends producing now: mira.k, tobi, uma", or "" */
    Sentence sentence() const;                  /* beneath the controls */
    std::string keep_label(int bars, bool post_on_keep) const;
    std::string keep_label(const std::string &part, bool post_on_keep) const;
    std::string post_label() const;
    Card card() const;                        /* in place of the feed */

private:
    void take_posting(const sc_posting &posting);
    void take_notice(const sc_notice &notice);
    void hold(uint32_t held_ms);
    void lose_relay();
    bool obstructed() const; /* no account for a reason that claiming does not mend: a locked keyring */
    double reach_s() const; /* how far back what was played can be kept */

    sc_info info_ = {};
    bool can_start_ = false, starting_ = false, claims_ = false;
    std::string start_failure_;
    std::string account_, relay_state_, trouble_, refused_, friends_;
    uint32_t friends_count_ = 0;

    Take take_ = Take::kNone;
    bool posts_ = false; /* the keep under way also posts */
    uint64_t keep_id_ = 0, post_id_ = 0;
    std::string take_id_, page_url_;
    float share_ = 0.0f;
    uint64_t now_us_ = 0, held_until_us_ = 0;
    uint32_t held_ms_ = 0; /* of the whole hold */
    Sentence said_; /* the last word on a take */
    std::string noticed_, noticed_kind_; /* the last notice */
};

/* "just now", "5 min ago", "3 h ago", "4 d ago", "2 w ago", "3 mo ago", "2 y ago". */
std::string age(uint64_t created_us, uint64_t now_us);

/* "92.5 BPM · F#m · 8 bars"; what is not known is left out. */
std::string facts(const sc_item &item);
std::string count_text(uint32_t count); /* "999", "1.2k" */

} // namespace ui
#endif
