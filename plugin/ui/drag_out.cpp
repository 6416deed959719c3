#include "drag_out.hpp"

#include <cmath>

namespace ui {

using State = DragSource::State;

uint64_t ask_for_file(sc_client *client, const Draggable &what, bool show)
{
    const sc_export wanted = {what.kind, what.target.c_str(), what.generation, what.first_frame, what.end_frame, show};
    return client ? sc_window_export(client, &wanted) : 0;
}

void DragOut::press(const Draggable &what, const Pointer &at, uint32_t time_ms)
{
    step(); /* one that has ended stands in nobody's way */
    if (dragging() && state_ != State::kFetched) return;
    if (dragging()) end(true); /* nor one that only waits for a word, which many targets forget */
    what_ = what;
    pressed_ = at;
    time_ms_ = time_ms;
    armed_ = true;
}

bool DragOut::begin(uintptr_t window, sc_client *client)
{
    armed_ = has_file_ = false;
    note_.clear();
    asked_ = ask_for_file(client, what_, false);
    if (!asked_) {
        result_ = "Too many requests at once. Drag again in a moment.";
        return false;
    }
    source_ = DragSource::begin(window, time_ms_);
    state_ = State::kNobody;
    if (!source_) result_ = "Nothing can be dragged here. Copy its path instead.";
    return source_ != nullptr;
}

bool DragOut::move(const Moved &moved, uintptr_t window, sc_client *client)
{
    const bool far = std::hypot(moved.at.x - pressed_.x, moved.at.y - pressed_.y) >= kThreshold;
    if (armed_ && far && !begin(window, client)) return false;
    if (source_) source_->move(moved.x, moved.y, moved.time_ms);
    return dragging();
}

bool DragOut::release(const Moved &moved)
{
    armed_ = false;
    if (source_) source_->drop(moved.x, moved.y, moved.time_ms);
    return dragging();
}

void DragOut::cancel()
{
    if (source_) source_->cancel();
}

bool DragOut::hear(const sc_event &event)
{
    if (event.id == 0 || event.id != asked_ || (event.kind != SC_EVENT_EXPORTED && event.kind != SC_EVENT_ASK_FAILED)) return false;
    asked_ = 0;
    if (!source_) return true; /* let go meanwhile: the file is there for the next time */
    if (event.kind == SC_EVENT_EXPORTED) {
        has_file_ = true;
        what_.name = event.exported.name;
        note_ = event.exported.note;
        source_->offer(event.exported.path);
    } else {
        result_ = event.failed.message;
        source_->withdraw();
    }
    return true;
}

bool DragOut::step()
{
    if (!source_) return false;
    const State now = source_->state();
    const bool changed = now != state_;
    state_ = now;
    if (now != State::kTaken && now != State::kNotTaken && now != State::kTooEarly) return changed;
    if (now == State::kTooEarly) result_ = "It was let go while it was still being written. Drag it once more.";
    end(now == State::kTaken);
    return true;
}

void DragOut::end(bool taken)
{
    source_.reset();
    if (taken) result_ = "Dropped " + named() + "." + (note_.empty() ? "" : " " + note_);
}

std::string DragOut::named() const { return what_.name.empty() ? "it" : "“" + what_.name + "”"; }

std::string DragOut::words() const
{
    if (!source_) return "";
    switch (state_) {
    case State::kNobody: return "Drop " + named() + " on a track, a folder or a sampler. Esc lets go.";
    case State::kRefusing: return "This does not take sounds: drop " + named() + " elsewhere, or copy its path.";
    case State::kTaking: return "Let go, and " + named() + " is dropped here.";
    default: return has_file_ ? "Dropping " + named() + " …" : "Writing " + named() + " …";
    }
}

std::string DragOut::result()
{
    std::string said;
    said.swap(result_);
    return said;
}

} // namespace ui
