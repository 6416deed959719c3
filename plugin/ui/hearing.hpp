/* What the plugin sounds like now, for the window's head: a spectrum and momentary loudness, computed on the UI thread from the Ring's own file, of
   what was written since it was looked at last. So it costs the audio thread nothing, a closed window costs nothing, and no daemon is asked. */
#ifndef SIDECHAIN_UI_HEARING_HPP
#define SIDECHAIN_UI_HEARING_HPP

#include "loudness.hpp"
#include "ring_view.hpp"
#include "spectrum.hpp"

#include <memory>
#include <vector>

namespace ui {

class Hearing {
public:
    /* Takes in what the Ring has since the last call. */
    void update(const RingView &ring);

    bool known() const { return known_; } /* less than a window of the spectrum was heard */
    const Spectrum::Bands &bands() const { return shown_; } /* rise at once, fall by kFallDb at most */
    bool momentary(double &lufs) const { return loudness_ && loudness_->momentary(lufs); }

private:
    void begin(const RingView &ring);
    bool take_window(const RingView &ring);

    static constexpr double kStepS = 0.05, kLeadS = 1.0; /* between two spectra; what the K filter is given to forget that it began, and a window */
    static constexpr float kFallDb = 3.0f;

    std::unique_ptr<Loudness> loudness_;
    std::unique_ptr<Spectrum> spectrum_;
    std::vector<float> mono_;
    Spectrum::Bands shown_ = {};
    uint64_t generation_ = 0, taken_ = 0, due_ = 0; /* frames of the Ring; due_: of the next spectrum */
    bool known_ = false;
};

} // namespace ui
#endif
