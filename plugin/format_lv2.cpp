/* LV2: DPF's plugin in a thin wrapper of our own, that hears the host's time:Position events itself. DPF drops the
   place of an event within the block and the difference between "not told" and "120", and counts bars wrongly
   between events. An LV2 host tells only what changes, so this carries the position on from block to block.

   From LV2's time extension: bar and barBeat count from 0, beats are of the length beatUnit says. By the letter
   beatsPerMinute counts such beats too; the hosts that were looked at (Ardour 7.3 and JUCE's LV2 host, both in 7/8
   and 6/8) send quarter notes per minute, so that is how it is read. LV2 does not say whether the host loops, where,
   or that it records: those flags are never set. Rendering offline comes by a control port with the designation
   lv2:freeWheeling. */
#include "recorder.hpp"

#define lv2_descriptor dpf_lv2_descriptor
#include "DistrhoPluginMain.cpp"
#undef lv2_descriptor

#include <cmath>

using DISTRHO_NAMESPACE::Recorder;

namespace {

constexpr double kMaxFrame = 4611686018427387904.0; /* 2^62, as sidechain.h has it */
constexpr uint32_t kEventsPort = 2 * SIDECHAIN_CHANNELS; /* DPF puts it right behind the audio ports */

/* The last known position; NaN where the host has not said. */
struct Position {
    double bar = NAN, bar_beat = NAN, beat_unit = NAN, beats_per_bar = NAN, quarters_per_minute = NAN,
           frame = NAN, speed = NAN, beat = NAN;
};

struct Urids {
    LV2_URID blank, object, position, type_int, type_long, type_float, type_double;
    LV2_URID bar, bar_beat, beat_unit, beats_per_bar, beats_per_minute, frame, speed, beat;
};

struct Wrapped {
    LV2_Handle inner;
    Recorder *recorder;
    const LV2_Atom_Sequence *events;
    double rate_hz;
    Urids urids;
    Position position;
    LV2_Atom_Sequence nothing; /* what DPF hears instead: it would only compute what nobody asks it for */
};

const LV2_Descriptor *inner()
{
    return dpf_lv2_descriptor(0);
}

/* Position ---------------------------------------------------------------------------------------------------- */

double number(const Urids &urids, const LV2_Atom *atom)
{
    const void *body = atom + 1;
    if (atom->type == urids.type_double) return *static_cast<const double *>(body);
    if (atom->type == urids.type_float) return static_cast<double>(*static_cast<const float *>(body));
    if (atom->type == urids.type_int) return *static_cast<const int32_t *>(body);
    if (atom->type == urids.type_long) return static_cast<double>(*static_cast<const int64_t *>(body));
    return NAN;
}

void read_position(const Urids &urids, const LV2_Atom_Object *object, Position &position)
{
    const LV2_Atom *bar = nullptr, *bar_beat = nullptr, *unit = nullptr, *per_bar = nullptr, *per_minute = nullptr,
                   *frame = nullptr, *speed = nullptr, *beat = nullptr;
    lv2_atom_object_get(object, urids.bar, &bar, urids.bar_beat, &bar_beat, urids.beat_unit, &unit, urids.beats_per_bar,
                        &per_bar, urids.beats_per_minute, &per_minute, urids.frame, &frame, urids.speed, &speed,
                        urids.beat, &beat, 0);
    const auto take = [&urids](const LV2_Atom *atom, double &field) {
        if (atom) field = number(urids, atom);
    };
    take(bar, position.bar);
    take(bar_beat, position.bar_beat);
    take(unit, position.beat_unit);
    take(per_bar, position.beats_per_bar);
    take(per_minute, position.quarters_per_minute);
    take(frame, position.frame);
    take(speed, position.speed);
    take(beat, position.beat);
}

/* Where the position is `frames` later. NaN stays NaN; a bar line is crossed by bar_beat alone. */
void carry_on(Position &position, double rate_hz, uint32_t frames)
{
    if (!(position.speed > 0.0 || position.speed < 0.0)) return;
    const double beats =
        position.speed * frames * position.quarters_per_minute / (60.0 * rate_hz) * position.beat_unit / 4.0;
    position.frame += position.speed * frames;
    position.bar_beat += beats;
    position.beat += beats;
    if (position.bar_beat >= 0.0 && position.bar_beat < position.beats_per_bar) return; /* most blocks cross no bar line */
    const double bars = std::floor(position.bar_beat / position.beats_per_bar);
    if (bars >= 1.0 || bars < 0.0) {
        position.bar += bars;
        position.bar_beat -= bars * position.beats_per_bar;
    }
}

/* False when the host has told nothing yet. */
bool transport_of(const Position &position, sc_transport &transport)
{
    const double quarters = 4.0 / position.beat_unit; /* per beat */
    const bool in_bar = std::isfinite(position.bar_beat * quarters);
    const double bar_start = std::isfinite(position.beat) ? (position.beat - position.bar_beat) * quarters
                                                          : position.bar * position.beats_per_bar * quarters;
    transport = {};
    const auto flag = [&transport](bool holds, uint32_t bit) { transport.flags |= holds ? bit : 0u; };
    flag(position.speed > 0.0 || position.speed < 0.0, SC_TRANSPORT_PLAYING);
    flag(in_bar && std::isfinite(bar_start), SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BAR_START);
    flag(std::isfinite(position.quarters_per_minute), SC_TRANSPORT_VALID_BPM);
    flag(position.beats_per_bar >= 1.0 && position.beats_per_bar <= 255.0 && position.beat_unit >= 1.0 &&
             position.beat_unit <= 128.0 && static_cast<int>(position.beats_per_bar) == position.beats_per_bar,
         SC_TRANSPORT_VALID_METER);
    flag(std::fabs(position.frame) <= kMaxFrame, SC_TRANSPORT_VALID_PROJECT_FRAME); /* false for NaN too */
    if (transport.flags & SC_TRANSPORT_VALID_PPQ) {
        transport.bar_start_ppq = bar_start;
        transport.ppq = bar_start + position.bar_beat * quarters;
    }
    if (transport.flags & SC_TRANSPORT_VALID_BPM) transport.bpm = position.quarters_per_minute;
    if (transport.flags & SC_TRANSPORT_VALID_METER) {
        transport.numerator = static_cast<uint32_t>(position.beats_per_bar);
        transport.denominator = static_cast<uint32_t>(position.beat_unit);
    }
    if (transport.flags & SC_TRANSPORT_VALID_PROJECT_FRAME)
        transport.project_frame = static_cast<int64_t>(position.frame + (position.frame < 0.0 ? -0.5 : 0.5));
    return transport.flags != 0;
}

/* The plugin -------------------------------------------------------------------------------------------------- */

void hear_lv2(Wrapped *self, uint32_t frames)
{
    sc_transport transport;
    uint32_t at = 0;
    bool told_at_start = false;
    const auto tell = [&] {
        if (transport_of(self->position, transport)) self->recorder->hear(at, transport);
    };
    self->recorder->begin_block();
    if (self->events) {
        LV2_ATOM_SEQUENCE_FOREACH(self->events, event)
        {
            const auto *object = reinterpret_cast<const LV2_Atom_Object *>(&event->body);
            if (event->body.type != self->urids.object && event->body.type != self->urids.blank) continue;
            if (object->body.otype != self->urids.position) continue;
            const int64_t said_at = event->time.frames;
            const uint32_t then = said_at <= 0 ? 0u : said_at < frames ? static_cast<uint32_t>(said_at) : frames;
            if (then > 0 && !told_at_start) tell();
            told_at_start = true;
            if (then > at) carry_on(self->position, self->rate_hz, then - at);
            at = then > at ? then : at;
            read_position(self->urids, object, self->position);
            tell();
        }
    }
    if (!told_at_start) tell();
    if (frames > at) carry_on(self->position, self->rate_hz, frames - at);
}

Urids map_all(const LV2_URID_Map *map)
{
    const auto id = [map](const char *uri) { return map->map(map->handle, uri); };
    return {id(LV2_ATOM__Blank), id(LV2_ATOM__Object), id(LV2_TIME__Position), id(LV2_ATOM__Int), id(LV2_ATOM__Long),
            id(LV2_ATOM__Float), id(LV2_ATOM__Double), id(LV2_TIME__bar), id(LV2_TIME__barBeat),
            id(LV2_TIME__beatUnit), id(LV2_TIME__beatsPerBar), id(LV2_TIME__beatsPerMinute), id(LV2_TIME__frame),
            id(LV2_TIME__speed), id(LV2_TIME__beat)};
}

LV2_Handle instantiate(const LV2_Descriptor *, double rate_hz, const char *bundle, const LV2_Feature *const *features)
{
    const LV2_URID_Map *map = nullptr;
    for (auto feature = features; *feature; feature++)
        if (std::strcmp((*feature)->URI, LV2_URID__map) == 0) map = static_cast<const LV2_URID_Map *>((*feature)->data);
    LV2_Handle made = inner()->instantiate(inner(), rate_hz, bundle, features); /* null without a map */
    if (!made) return nullptr;
    const LV2_Atom_Sequence nothing = {{sizeof(LV2_Atom_Sequence_Body), map->map(map->handle, LV2_ATOM__Sequence)}, {0, 0}};
    return new Wrapped{made, Recorder::newest(), nullptr, rate_hz, map_all(map), {}, nothing};
}

void connect_port(LV2_Handle handle, uint32_t port, void *data)
{
    auto *self = static_cast<Wrapped *>(handle);
    if (port == kEventsPort) self->events = static_cast<const LV2_Atom_Sequence *>(data);
    inner()->connect_port(self->inner, port, port == kEventsPort ? &self->nothing : data);
}

void activate(LV2_Handle handle)
{
    auto *self = static_cast<Wrapped *>(handle);
    self->position = Position();
    inner()->activate(self->inner);
}

void run(LV2_Handle handle, uint32_t frames)
{
    auto *self = static_cast<Wrapped *>(handle);
    hear_lv2(self, frames);
    inner()->run(self->inner, frames);
}

void deactivate(LV2_Handle handle)
{
    inner()->deactivate(static_cast<Wrapped *>(handle)->inner);
}

void cleanup(LV2_Handle handle)
{
    auto *self = static_cast<Wrapped *>(handle);
    inner()->cleanup(self->inner);
    delete self;
}

/* DPF's options interface takes DPF's handle, and tells it the block size when the host changes it. */
uint32_t get_options(LV2_Handle handle, LV2_Options_Option *options)
{
    const auto *dpf = static_cast<const LV2_Options_Interface *>(inner()->extension_data(LV2_OPTIONS__interface));
    return dpf->get(static_cast<Wrapped *>(handle)->inner, options);
}

uint32_t set_options(LV2_Handle handle, const LV2_Options_Option *options)
{
    const auto *dpf = static_cast<const LV2_Options_Interface *>(inner()->extension_data(LV2_OPTIONS__interface));
    return dpf->set(static_cast<Wrapped *>(handle)->inner, options);
}

/* DPF's own interface by which its window finds the plugin; it would take our handle for DPF's. */
struct DirectAccess {
    void *(*get_instance_pointer)(LV2_Handle handle);
};

void *plugin_of(LV2_Handle handle)
{
    return static_cast<DISTRHO_NAMESPACE::Plugin *>(static_cast<Wrapped *>(handle)->recorder);
}

const void *extension_data(const char *uri)
{
    static const LV2_Options_Interface options = {get_options, set_options};
    static const DirectAccess direct_access = {plugin_of};
    if (std::strcmp(uri, DISTRHO_PLUGIN_LV2_STATE_PREFIX "direct-access") == 0) return &direct_access;
    return std::strcmp(uri, LV2_OPTIONS__interface) == 0 ? &options : nullptr;
}

} // namespace

DISTRHO_PLUGIN_EXPORT const LV2_Descriptor *lv2_descriptor(uint32_t index)
{
    static const LV2_Descriptor descriptor = {DISTRHO_PLUGIN_URI, instantiate, connect_port, activate, run,
                                              deactivate, cleanup, extension_data};
    return index == 0 ? &descriptor : nullptr;
}
