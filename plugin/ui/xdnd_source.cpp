#include "xdnd_source.hpp"

#include <cstdlib>
#include <cstring>

namespace ui {

namespace {

constexpr uint32_t kVersion = 5, kOldestVersion = 3; /* since 3 all messages are as they are now */
constexpr uint32_t kWillAccept = 1;                  /* of a status, and of a finished */
constexpr int kDeepest = 32;                         /* windows within windows */
constexpr uint32_t kEscapeSymbol = 0xff1b;
constexpr uint64_t kLookEveryUs = 250000;

/* What a reply owns; nullptr where the server answered with an error: the window it was of is gone. */
template <class T> using Reply = std::unique_ptr<T, decltype(&std::free)>;
template <class T> Reply<T> owned(T *reply) { return {reply, &std::free}; }

} // namespace

std::string uri_list(const std::string &path)
{
    static const char kDigits[] = "0123456789ABCDEF";
    std::string uri = "file://";
    for (const char each : path) {
        const auto byte = static_cast<unsigned char>(each);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || std::strchr("/-._~", byte);
        if (plain && byte) uri += each;
        else uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return uri + "\r\n";
}

/* Beginning ------------------------------------------------------------------------------------------------------ */

XdndSource::XdndSource(xcb_window_t window, uint32_t time_ms) : connection_(xcb_connect(nullptr, nullptr)), pressed_in_(window), time_ms_(time_ms)
{
    if (!begin(window)) end(false);
}

XdndSource::~XdndSource() { xcb_disconnect(connection_); }

bool XdndSource::begin(xcb_window_t window)
{
    if (xcb_connection_has_error(connection_)) return false;
    const auto geometry = owned(xcb_get_geometry_reply(connection_, xcb_get_geometry(connection_, window), nullptr));
    if (!geometry) return false;
    root_ = geometry->root;
    intern();
    own_ = xcb_generate_id(connection_);
    const uint32_t unmanaged = 1;
    xcb_create_window(connection_, XCB_COPY_FROM_PARENT, own_, root_, -1, -1, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT,
                      XCB_CW_OVERRIDE_REDIRECT, &unmanaged);
    own_selection();
    grab_keyboard(window);
    xcb_flush(connection_);
    return true;
}

void XdndSource::intern()
{
    static const char *const kNames[kAtoms] = {"XdndAware",  "XdndProxy", "XdndSelection", "XdndEnter",      "XdndPosition",  "XdndStatus", "XdndLeave",
                                               "XdndDrop",   "XdndFinished", "XdndActionCopy", "text/uri-list", "TARGETS",    "TIMESTAMP"};
    xcb_intern_atom_cookie_t asked[kAtoms];
    for (int i = 0; i < kAtoms; i++) asked[i] = xcb_intern_atom(connection_, 0, static_cast<uint16_t>(std::strlen(kNames[i])), kNames[i]);
    for (int i = 0; i < kAtoms; i++)
        if (const auto reply = owned(xcb_intern_atom_reply(connection_, asked[i], nullptr))) atoms_[i] = reply->atom;
}

/* With the press's own time, as ICCCM 2.1 wants it; where the server has gone on from there, with its present one. */
void XdndSource::own_selection()
{
    for (const xcb_timestamp_t time : {time_ms_, static_cast<uint32_t>(XCB_CURRENT_TIME)}) {
        xcb_set_selection_owner(connection_, own_, atoms_[kSelection], time);
        const auto owner = owned(xcb_get_selection_owner_reply(connection_, xcb_get_selection_owner(connection_, atoms_[kSelection]), nullptr));
        if (owner && owner->owner == own_) return;
    }
}

/* For Escape, wherever the focus is. If somebody else has the keyboard, the drag goes on without. */
void XdndSource::grab_keyboard(xcb_window_t window)
{
    const xcb_setup_t *setup = xcb_get_setup(connection_);
    const auto count = static_cast<uint8_t>(setup->max_keycode - setup->min_keycode + 1);
    const auto keys = owned(xcb_get_keyboard_mapping_reply(connection_, xcb_get_keyboard_mapping(connection_, setup->min_keycode, count), nullptr));
    if (!keys) return;
    const xcb_keysym_t *symbols = xcb_get_keyboard_mapping_keysyms(keys.get());
    for (int i = 0; i < count; i++)
        if (symbols[i * keys->keysyms_per_keycode] == kEscapeSymbol) escape_ = static_cast<xcb_keycode_t>(setup->min_keycode + i);
    const auto asked = xcb_grab_keyboard(connection_, 0, window, XCB_CURRENT_TIME, XCB_GRAB_MODE_ASYNC, XCB_GRAB_MODE_ASYNC);
    owned(xcb_grab_keyboard_reply(connection_, asked, nullptr));
}

/* The pointer ---------------------------------------------------------------------------------------------------- */

void XdndSource::move(int x, int y, uint32_t time_ms)
{
    const auto asked = xcb_translate_coordinates(connection_, pressed_in_, root_, static_cast<int16_t>(x), static_cast<int16_t>(y));
    if (const auto root = owned(xcb_translate_coordinates_reply(connection_, asked, nullptr))) point(root->dst_x, root->dst_y, time_ms);
}

void XdndSource::drop(int x, int y, uint32_t time_ms, uint64_t now_us)
{
    move(x, y, time_ms);
    let_go(now_us);
}

void XdndSource::point(int root_x, int root_y, uint32_t time_ms)
{
    if (phase_ != Phase::kDragging) return;
    root_x_ = root_x;
    root_y_ = root_y;
    time_ms_ = time_ms;
    const Target now = target_at(root_x, root_y);
    if (now.window != target_.window) {
        leave();
        target_ = now;
        if (target_.there()) enter();
    }
    if (asked_) moved_since_ = true;
    else if (target_.there()) tell_position();
    xcb_flush(connection_);
}

void XdndSource::let_go(uint64_t now_us)
{
    if (phase_ != Phase::kDragging) return;
    phase_ = Phase::kAsking;
    since_us_ = now_us;
    decide(now_us);
    xcb_flush(connection_);
}

/* Whoever took the pointer from the window has also the end of the press: then it is where the pointer is now. A press that was
   over before this began is no drag. */
void XdndSource::look_at_button(uint64_t now_us)
{
    if (now_us - looked_us_ < kLookEveryUs) return;
    looked_us_ = now_us;
    const auto pointer = owned(xcb_query_pointer_reply(connection_, xcb_query_pointer(connection_, root_), nullptr));
    const bool up = pointer && !(pointer->mask & XCB_BUTTON_MASK_1);
    seen_down_ = seen_down_ || (pointer && !up);
    if (up && seen_up_ && !seen_down_) return end(false);
    if (up && seen_up_) {
        point(pointer->root_x, pointer->root_y, time_ms_);
        let_go(now_us);
    }
    seen_up_ = up; /* once more: its release may be on the way */
}

XdndSource::Target XdndSource::target_at(int root_x, int root_y)
{
    xcb_window_t window = root_;
    for (int depth = 0; depth < kDeepest; depth++) {
        const auto asked = xcb_translate_coordinates(connection_, root_, window, static_cast<int16_t>(root_x), static_cast<int16_t>(root_y));
        const auto reply = owned(xcb_translate_coordinates_reply(connection_, asked, nullptr));
        if (!reply || reply->child == XCB_NONE) break;
        window = reply->child;
        if (const Target found = target_of(window); found.there()) return found;
    }
    return {};
}

XdndSource::Target XdndSource::target_of(xcb_window_t window)
{
    Target found = {window, window, 0};
    uint32_t proxy, itself;
    if (property(window, kProxy, proxy) && property(proxy, kProxy, itself) && itself == proxy) found.messages = proxy;
    if (!property(found.messages, kAware, found.version) || found.version < kOldestVersion) return {};
    found.version = found.version < kVersion ? found.version : kVersion;
    return found;
}

bool XdndSource::property(xcb_window_t window, Atom name, uint32_t &value)
{
    const auto reply = owned(xcb_get_property_reply(connection_, xcb_get_property(connection_, 0, window, atoms_[name], XCB_GET_PROPERTY_TYPE_ANY, 0, 1), nullptr));
    if (!reply || reply->format != 32 || xcb_get_property_value_length(reply.get()) < 4) return false;
    std::memcpy(&value, xcb_get_property_value(reply.get()), sizeof value);
    return true;
}

/* What the target is told ---------------------------------------------------------------------------------------- */

void XdndSource::say(Atom what, uint32_t flags, uint32_t second, uint32_t third, uint32_t fourth)
{
    xcb_client_message_event_t message = {};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = target_.window;
    message.type = atoms_[what];
    const uint32_t words[] = {own_, flags, second, third, fourth};
    std::memcpy(message.data.data32, words, sizeof words);
    xcb_send_event(connection_, 0, target_.messages, XCB_EVENT_MASK_NO_EVENT, reinterpret_cast<const char *>(&message));
}

void XdndSource::enter()
{
    const uint32_t ends = XCB_EVENT_MASK_STRUCTURE_NOTIFY; /* to hear when it is destroyed */
    xcb_change_window_attributes(connection_, target_.window, XCB_CW_EVENT_MASK, &ends);
    say(kEnter, target_.version << 24, atoms_[kUriList]);
}

void XdndSource::tell_position()
{
    say(kPosition, 0, static_cast<uint32_t>(root_x_) << 16 | (static_cast<uint32_t>(root_y_) & 0xffff), time_ms_, atoms_[kCopy]);
    asked_ = true;
    moved_since_ = false;
}

void XdndSource::leave()
{
    if (target_.there()) say(kLeave);
    target_ = {};
    takes_ = asked_ = moved_since_ = false;
}

void XdndSource::decide(uint64_t now_us)
{
    if (target_.there() && asked_) return; /* until it has said so */
    if (!target_.there() || !takes_) return end(false);
    if (uris_.empty()) {
        if (phase_ != Phase::kWaitingForFile) since_us_ = now_us;
        phase_ = Phase::kWaitingForFile;
        return;
    }
    say(kDrop, 0, time_ms_);
    phase_ = Phase::kDropped;
    since_us_ = now_us;
}

void XdndSource::end(bool taken)
{
    if (ended()) return;
    answer_waiting(true);
    if (phase_ != Phase::kDropped) leave();
    phase_ = taken ? Phase::kTaken : Phase::kNotTaken;
    xcb_flush(connection_);
}

void XdndSource::cancel() { end(false); }

/* The file ------------------------------------------------------------------------------------------------------- */

void XdndSource::offer(const std::string &path, uint64_t now_us)
{
    uris_ = uri_list(path);
    answer_waiting(false);
    if (phase_ == Phase::kWaitingForFile) decide(now_us);
    xcb_flush(connection_);
}

void XdndSource::answer_waiting(bool refuse)
{
    std::vector<xcb_selection_request_event_t> waiting;
    waiting.swap(waiting_);
    for (const auto &request : waiting) answer(request, refuse);
}

void XdndSource::answer(const xcb_selection_request_event_t &request, bool refuse)
{
    xcb_selection_notify_event_t notify = {};
    notify.response_type = XCB_SELECTION_NOTIFY;
    notify.time = request.time;
    notify.requestor = request.requestor;
    notify.selection = request.selection;
    notify.target = request.target;
    notify.property = request.property ? request.property : request.target; /* ICCCM 2.2: of clients before it */
    const auto put = [&](xcb_atom_t type, uint8_t format, size_t count, const void *data) {
        xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, request.requestor, notify.property, type, format, static_cast<uint32_t>(count), data);
    };
    const xcb_atom_t offered[] = {atoms_[kTargets], atoms_[kTimestamp], atoms_[kUriList]};
    if (request.target == atoms_[kTargets]) {
        put(XCB_ATOM_ATOM, 32, 3, offered);
    } else if (request.target == atoms_[kTimestamp]) {
        put(XCB_ATOM_INTEGER, 32, 1, &time_ms_);
    } else if (request.target == atoms_[kUriList] && !uris_.empty()) {
        put(atoms_[kUriList], 8, uris_.size(), uris_.data());
        served_ = true;
        fetched_ = phase_ == Phase::kDropped;
    } else if (request.target == atoms_[kUriList] && !refuse && waiting_.size() < kMaxWaiting) {
        return waiting_.push_back(request);
    } else {
        notify.property = XCB_NONE;
    }
    xcb_send_event(connection_, 0, request.requestor, XCB_EVENT_MASK_NO_EVENT, reinterpret_cast<const char *>(&notify));
}

/* What comes in -------------------------------------------------------------------------------------------------- */

void XdndSource::step(uint64_t now_us)
{
    while (xcb_generic_event_t *event = xcb_poll_for_event(connection_)) {
        if (!ended()) take(*event, now_us);
        std::free(event);
    }
    if (ended()) return;
    const uint64_t passed_us = now_us - since_us_;
    if (xcb_connection_has_error(connection_)) end(false);
    else if (phase_ == Phase::kDragging) look_at_button(now_us);
    else if (phase_ == Phase::kAsking && passed_us > kStatusLimitUs) end(false);
    else if (phase_ == Phase::kWaitingForFile && passed_us > kFileLimitUs) end(false);
    else if (phase_ == Phase::kDropped && passed_us > kFinishLimitUs) end(served_);
    xcb_flush(connection_);
}

void XdndSource::take(const xcb_generic_event_t &event, uint64_t now_us)
{
    switch (event.response_type & 0x7f) { /* the bit: sent by a client. 0: an error, of who has vanished; DestroyNotify comes too */
    case XCB_CLIENT_MESSAGE: take_message(reinterpret_cast<const xcb_client_message_event_t &>(event), now_us); break;
    case XCB_SELECTION_REQUEST: answer(reinterpret_cast<const xcb_selection_request_event_t &>(event), false); break;
    case XCB_SELECTION_CLEAR: end(false); break; /* another drag has begun */
    case XCB_KEY_PRESS:
        if (reinterpret_cast<const xcb_key_press_event_t &>(event).detail == escape_ && phase_ != Phase::kDropped) end(false);
        break;
    case XCB_DESTROY_NOTIFY:
        if (reinterpret_cast<const xcb_destroy_notify_event_t &>(event).window != target_.window) break;
        target_ = {};
        takes_ = asked_ = moved_since_ = false;
        if (phase_ == Phase::kDropped) end(served_);
        else if (phase_ != Phase::kDragging) end(false);
        break;
    default: break;
    }
}

void XdndSource::take_message(const xcb_client_message_event_t &message, uint64_t now_us)
{
    if (message.format != 32 || message.data.data32[0] != target_.window) return; /* of one that was left */
    if (message.type == atoms_[kStatus]) {
        takes_ = message.data.data32[1] & kWillAccept;
        asked_ = false;
        if (moved_since_) tell_position();
        else if (phase_ == Phase::kAsking) decide(now_us);
    } else if (message.type == atoms_[kFinished] && phase_ == Phase::kDropped) {
        end(target_.version < 5 || (message.data.data32[1] & kWillAccept));
    }
}

DragSource::State XdndSource::state() const
{
    using State = DragSource::State;
    switch (phase_) {
    case Phase::kDragging: return !target_.there() ? State::kNobody : takes_ ? State::kTaking : State::kRefusing;
    case Phase::kTaken: return State::kTaken;
    case Phase::kNotTaken: return State::kNotTaken;
    default: return fetched_ ? State::kFetched : State::kDropping;
    }
}

} // namespace ui
