/* Writes what was really heard, as JSON lines, to compare a Take with. Knows nothing of the client. */
#ifndef SP_TRUTH_H
#define SP_TRUTH_H

#include "script.h"

#include <stdio.h>

typedef struct sp_truth {
    FILE *file; /* NULL: nothing is written */
} sp_truth;

void sp_truth_bar(sp_truth *truth, double ring_frame, double ppq, double bpm, uint32_t numerator,
                  uint32_t denominator, uint64_t generation);
void sp_truth_event(sp_truth *truth, const sp_event *event, double frame, double ring_frame, double ppq,
                    uint64_t generation);
void sp_truth_wrap(sp_truth *truth, double ring_frame, double from_ppq, double to_ppq, uint64_t generation);

#endif
