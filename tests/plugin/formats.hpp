/* The built plugin through each format's own interface, as small as a host can be: for the real-time checks and for the
   benchmark. What it is not: a host that finds plugins, shows windows or saves anything. The plugin is stereo, or mono when its file is called so. */
#ifndef FORMATS_HPP
#define FORMATS_HPP

#include <cstdint>
#include <memory>
#include <string>

/* What the host tells of its transport at a block's first frame. */
struct Spot {
    double ppq = 0.0, bar_start_ppq = 0.0, bpm = 120.0;
    int numerator = 4, denominator = 4;
    int64_t frame = 0;
    bool playing = false, offline = false;
};

class Plugin {
public:
    virtual ~Plugin() = default;
    virtual void activate(double rate_hz, uint32_t longest) = 0;
    virtual void deactivate() = 0;
    /* `in` and `out`: two channels of `frames`; the mono plugin is given the first. [audio-thread] */
    virtual void process(float **in, float **out, uint32_t frames, const Spot &spot) = 0;
};

/* format: "vst3", "clap" or "lv2". binary: the shared object; bundle: LV2's folder with its Turtle file. Ends the program
   with a sentence when that fails. Load each binary once: the instances share it. */
class Library {
public:
    Library(const std::string &format, const std::string &binary, const std::string &bundle);
    ~Library();
    std::unique_ptr<Plugin> make();
    static uint32_t channels(); /* of the plugin that was loaded last: 1 or 2 */

private:
    std::string format_, binary_, bundle_;
    void *loaded_;
    const void *entry_; /* what the format's entry point gave */
};

#endif
