#include "truth.h"

#include <inttypes.h>

static const char *const NAMES[] = {
    [SP_TEMPO] = "tempo", [SP_METER] = "meter", [SP_JUMP] = "jump", [SP_LOOP] = "loop", [SP_LOOP_OFF] = "loop_off",
    [SP_STOP] = "stop",   [SP_PLAY] = "play",   [SP_RATE] = "rate", [SP_OFFLINE] = "offline",
};

void sp_truth_bar(sp_truth *truth, double ring_frame, double ppq, double bpm, uint32_t numerator,
                  uint32_t denominator, uint64_t generation)
{
    if (!truth->file) return;
    fprintf(truth->file,
            "{\"bar_line\": %.9f, \"ppq\": %.12g, \"bpm\": %.12g, \"num\": %u, \"den\": %u, \"generation\": %" PRIu64 "}\n",
            ring_frame, ppq, bpm, numerator, denominator, generation);
}

void sp_truth_event(sp_truth *truth, const sp_event *event, double frame, double ring_frame, double ppq,
                    uint64_t generation)
{
    if (!truth->file) return;
    fprintf(truth->file,
            "{\"event\": \"%s\", \"frame\": %.0f, \"ring_frame\": %.9f, \"ppq\": %.12g, \"a\": %.12g, \"b\": %.12g, "
            "\"generation\": %" PRIu64 "}\n",
            NAMES[event->kind], frame, ring_frame, ppq, event->a, event->b, generation);
}

void sp_truth_wrap(sp_truth *truth, double ring_frame, double from_ppq, double to_ppq, uint64_t generation)
{
    if (!truth->file) return;
    fprintf(truth->file,
            "{\"event\": \"wrap\", \"ring_frame\": %.9f, \"from_ppq\": %.12g, \"to_ppq\": %.12g, \"generation\": %" PRIu64
            "}\n",
            ring_frame, from_ppq, to_ppq, generation);
}
