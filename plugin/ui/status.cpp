#include "status.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace ui {

namespace {

constexpr double kMinutesFrom_s = 120.0;

std::string numbered(uint32_t count, const char *noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

} // namespace

/* What is heard ------------------------------------------------------------------------------------------------- */

void Status::take(const sc_event &event)
{
    switch (event.kind) {
    case SC_EVENT_CONNECTED:
    case SC_EVENT_ATTACHED: refused_.clear(); break;
    case SC_EVENT_DISCONNECTED:
        lose_relay();
        account_ = relay_state_ = trouble_ = friends_ = "";
        friends_count_ = 0;
        break;
    case SC_EVENT_REFUSED: refused_ = std::string(event.refused.message) + (event.refused.update_path[0] ? " " : "") + event.refused.update_path; break;
    case SC_EVENT_LINK:
        account_ = event.link.account;
        if (!account_.empty()) claims_ = false;
        if (relay_state_ == "online" && std::strcmp(event.link.relay_state, "online") != 0) lose_relay();
        relay_state_ = event.link.relay_state;
        trouble_ = event.link.trouble;
        friends_count_ = event.link.friends_producing;
        friends_ = event.link.friends;
        break;
    case SC_EVENT_KEPT:
        take_ = posts_ && event.id == keep_id_ ? Take::kPosting : Take::kKept;
        take_id_ = event.kept.take_id;
        page_url_.clear();
        share_ = 0.0f;
        said_ = {event.kept.anchored ? "Kept " + numbered(event.kept.bars, "bar") : "Kept", Tone::kGood};
        said_.text += event.kept.name[0] ? std::string(" as “") + event.kept.name + "”." : ".";
        if (event.kept.note[0]) said_.text += std::string(" ") + event.kept.note;
        if (take_ == Take::kPosting && event.kept.held_ms) hold(event.kept.held_ms);
        if (take_ == Take::kKept && signed_in()) said_.text += " Give it a title and post it, or play on.";
        break;
    case SC_EVENT_KEEP_FAILED:
        if (take_ == Take::kKeeping) take_ = Take::kNone;
        said_ = {event.failed.message, Tone::kBad};
        break;
    case SC_EVENT_POSTING:
        if (take_id_ == event.posting.take_id) take_posting(event.posting);
        break;
    case SC_EVENT_ASK_FAILED:
        if (event.id == 0 || event.id != post_id_) break;
        if (take_ != Take::kHeld) take_ = Take::kFailed; /* an undo that came too late: how it goes on is told */
        said_ = {event.failed.message, Tone::kBad};
        break;
    case SC_EVENT_NOTICE:
        if (std::strcmp(event.notice.kind, "claim") == 0) claims_ = false;
        take_notice(event.notice);
        break;
    default: break;
    }
}

/* One without a message ends what was said of its kind: what was recovered was kept in another window, say. It is a take's word
   that stands there meanwhile, or another's: that stays. */
void Status::take_notice(const sc_notice &notice)
{
    if (notice.message[0]) said_ = {notice.message, Tone::kPlain};
    else if (!noticed_.empty() && noticed_kind_ == notice.kind && said_.text == noticed_) said_ = {};
    noticed_ = notice.message;
    noticed_kind_ = notice.kind;
}

/* What was said of a relay that can be reached, "It is on the feed.", is not said without it. */
void Status::lose_relay()
{
    if (take_ == Take::kPosted || take_ == Take::kNone) let_go();
}

void Status::take_posting(const sc_posting &posting)
{
    const std::string state = posting.state;
    share_ = static_cast<float>(posting.fraction);
    said_ = {posting.message, Tone::kPlain};
    if (state == "posted") {
        take_ = Take::kPosted;
        page_url_ = posting.page_url;
        said_.tone = Tone::kGood;
    } else if (state == "failed") {
        take_ = Take::kFailed;
        said_.tone = Tone::kBad;
    } else if (state == "discarded") {
        take_ = Take::kKept;
    } else if (state == "held" && posting.held_ms) {
        hold(posting.held_ms);
    } else {
        take_ = state == "waiting" ? Take::kWaiting : Take::kPosting;
        if (state == "uploading")
            said_.text = share_ < 1.0f ? "Uploading, " + std::to_string(static_cast<int>(share_ * 100.0f)) + " %"
                                       : "Uploaded. The relay makes the post of it.";
    }
}

void Status::hold(uint32_t held_ms)
{
    take_ = Take::kHeld;
    held_ms_ = std::max(held_ms_, held_ms);
    held_until_us_ = now_us_ + 1000ull * held_ms;
    pass(now_us_);
}

void Status::pass(uint64_t now_us)
{
    now_us_ = now_us;
    if (take_ != Take::kHeld) held_ms_ = 0;
    else share_ = static_cast<float>(held_until_us_ > now_us ? held_until_us_ - now_us : 0) / (1000.0f * static_cast<float>(held_ms_));
}

void Status::undoing(uint64_t id)
{
    if (id == 0) return;
    post_id_ = id;
    said_ = {"Taking it back …", Tone::kPlain};
}

void Status::keeping(uint64_t id, bool posts)
{
    if (id == 0) {
        said_ = {"Nothing is recorded yet: play something, then keep it.", Tone::kBad};
        return;
    }
    let_go();
    keep_id_ = id;
    posts_ = posts;
    take_ = Take::kKeeping;
    said_ = {"Keeping …", Tone::kPlain};
}

void Status::posting(uint64_t id)
{
    if (id == 0) return;
    post_id_ = id;
    take_ = Take::kPosting;
    share_ = 0.0f;
    said_ = {"Posting …", Tone::kPlain};
}

void Status::starting(bool possible, bool now, const std::string &failure)
{
    can_start_ = possible;
    starting_ = now;
    start_failure_ = failure;
}

void Status::let_go()
{
    take_ = Take::kNone;
    take_id_.clear();
    page_url_.clear();
    keep_id_ = post_id_ = 0;
    posts_ = false;
    share_ = 0.0f;
    held_ms_ = 0;
    said_ = {};
}

/* Words --------------------------------------------------------------------------------------------------------- */

std::string Status::name() const { return info_.track_name[0] ? info_.track_name : "Sidechain"; }

bool Status::obstructed() const { return !trouble_.empty() && trouble_.find("sidechain claim") == std::string::npos; }

Sentence Status::link() const
{
    if (info_.reason[0]) return {"not recording", Tone::kBad};
    if (!info_.connected) return {!refused_.empty() ? "refused" : "Sidechain is not running", Tone::kBad};
    if (relay_state_ == "no_relay") return {"no relay set", Tone::kPlain};
    if (account_.empty() && relay_state_.empty()) return {"connected", Tone::kPlain}; /* whose it is comes within a second */
    if (account_.empty())
        return {relay_state_ == "unclaimed" && !obstructed() ? "no account yet" : "not signed in", Tone::kPlain};
    if (relay_state_ == "online") return {account_ + " · online", Tone::kGood};
    if (relay_state_ == "connecting") return {account_ + " · connecting", Tone::kPlain};
    return {account_ + " · offline", Tone::kPlain};
}

std::string Status::friends_line() const
{
    if (!friends()) return "";
    return numbered(friends(), "friend") + " producing now" + (friends_.empty() ? "" : ": " + friends_);
}

Sentence Status::sentence() const
{
    if (info_.reason[0]) return {info_.reason, Tone::kBad};
    if (!said_.text.empty()) return said_;
    if (!info_.connected) return {"What you play is remembered, also while Sidechain is not running.", Tone::kPlain};
    if (!trouble_.empty() && signed_in()) return {trouble_, Tone::kBad};
    if (!info_.attached && !refused_.empty()) return {refused_, Tone::kBad}; /* the daemon cannot read the Ring */
    if (!info_.attached) return {"What you play is remembered as you go.", Tone::kPlain};
    const double seconds = reach_s();
    if (seconds < 1.0) return {"What you play is remembered as you go.", Tone::kPlain};
    const std::string much = seconds < kMinutesFrom_s ? numbered(static_cast<uint32_t>(seconds), "second") : numbered(static_cast<uint32_t>(seconds / 60.0), "minute");
    const bool one = much.compare(0, 2, "1 ") == 0;
    return {"The last " + much + (one ? " is" : " are") + " still here: keep what was good.", Tone::kPlain};
}

/* What the Ring holds of what was heard, at the rate in use, or more where the daemon has more. */
double Status::reach_s() const
{
    const auto heard = static_cast<double>(std::min(info_.committed_frames, info_.capacity_frames));
    const double ring_s = info_.sample_rate_hz > 0.0 ? heard / info_.sample_rate_hz : 0.0;
    return std::max(ring_s, static_cast<double>(info_.reach_ms) / 1000.0);
}

std::string Status::keep_label(int bars, bool post_on_keep) const
{
    return keep_label(bars == 1 ? "last bar" : "last " + std::to_string(bars) + " bars", post_on_keep);
}

std::string Status::keep_label(const std::string &part, bool post_on_keep) const
{
    return (post_on_keep ? "Keep + post " : "Keep ") + part;
}

std::string Status::post_label() const
{
    switch (take_) {
    case Take::kKept: return "Post";
    case Take::kFailed: return take_id_.empty() ? "Keep + post" : "Post again";
    case Take::kKeeping: return "Keeping …";
    case Take::kHeld: return "Undo · " + std::to_string(held_until_us_ > now_us_ ? (held_until_us_ - now_us_ + 999999) / 1000000 : 0) + " s";
    case Take::kPosting: return "Posting …";
    default: return "Keep + post";
    }
}

Card Status::card() const
{
    if (!refused_.empty() && !info_.connected)
        return {"This plugin and Sidechain are of different versions", refused_, "", "What you play is remembered until you have updated."};
    if (!info_.connected)
        return {"Start Sidechain", can_start_ ? "It keeps what you play, posts it, and brings the feed. Here, or in a terminal:"
                                              : "It keeps what you play, posts it, and brings the feed. In a terminal:",
                "sidechain up --detach", "", can_start_ ? Card::Act::kStart : Card::Act::kNone, starting_ ? "Starting …" : "Start",
                start_failure_.empty() ? info_.link_reason : start_failure_};
    if (relay_state_ == "no_relay")
        return {"No relay to post to", "Takes are kept on this computer. To post, name a relay, in a terminal:",
                "sidechain setup", "It asks for the address, and starts Sidechain anew."};
    if (account_.empty() && !relay_state_.empty()) { /* it says so within a second of the welcome */
        if (obstructed())
            return {"Something stands in the way", trouble_, "", "Takes are kept meanwhile."};
        const bool again = relay_state_ == "needs_reclaim";
        return {again ? "Claim this device again" : "Claim this device",
                claims_ ? "Your browser asks now whose it is: say yes there. In place of it, in a terminal:"
                : again ? "The relay no longer knows it. Your browser asks once more whose it is. Here, or in a terminal:"
                        : "It belongs to no account yet. Your browser opens and asks whose it is. Here, or in a terminal:",
                "sidechain claim", "Takes are kept meanwhile, and posts wait for you.", Card::Act::kClaim, claims_ ? "Ask again" : "Claim"};
    }
    return {};
}

std::string age(uint64_t created_us, uint64_t now_us)
{
    static const struct {
        uint64_t seconds;
        const char *unit;
    } SPANS[] = {{31536000, " y"}, {2592000, " mo"}, {604800, " w"}, {86400, " d"}, {3600, " h"}, {60, " min"}};
    const uint64_t seconds = now_us > created_us ? (now_us - created_us) / 1000000 : 0;
    for (const auto &span : SPANS)
        if (seconds >= span.seconds) return std::to_string(seconds / span.seconds) + span.unit + " ago";
    return "just now";
}

std::string facts(const sc_item &item)
{
    char tempo[32] = "";
    std::string all;
    const auto add = [&](const std::string &fact) { all += (all.empty() || fact.empty() ? "" : "  ·  ") + fact; };
    if (item.bpm > 0.0) {
        std::snprintf(tempo, sizeof tempo, "%.1f", item.bpm);
        if (char *zero = std::strstr(tempo, ".0")) *zero = '\0';
        add(std::string(tempo) + " BPM");
    }
    add(item.key);
    if (item.bars) add(numbered(item.bars, "bar"));
    return all;
}

std::string count_text(uint32_t count)
{
    char text[24];
    if (count < 1000) return std::to_string(count);
    if (count < 1000000) std::snprintf(text, sizeof text, count < 10000 ? "%.1fk" : "%.0fk", count / 1000.0);
    else std::snprintf(text, sizeof text, "%.1fM", count / 1e6);
    return text;
}

} // namespace ui
