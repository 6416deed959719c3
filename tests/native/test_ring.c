/* The Ring writer on plain memory: samples, indices, records and states, call by call. */
#include "check.h"
#include "layout_gen.h"
#include "ring.h"

#include <math.h>
#include <string.h>

#define CAPACITY 4096u
#define RECORDS 64u
#define RATE 48000.0
#define BPM 120.0
#define PPQ_PER_FRAME (BPM / 60.0 / RATE)
#define MAX_BLOCK 1024u

static uint8_t *base;
static sc_ring ring;
static float source[4 * CAPACITY];

static void open_ring(uint32_t channels)
{
    const sc_ring_identity identity = {.generation = 1, .sample_rate_hz = RATE, .channels = channels,
                                       .max_block_frames = MAX_BLOCK, .capacity_frames = CAPACITY,
                                       .timeline_capacity = RECORDS};
    free(base);
    base = calloc(1, sc_ring_bytes(&identity));
    sc_ring_format(base, &identity);
    sc_ring_bind(&ring, base, &identity);
    sc_ring_set_state(base, SC_STATE_READY);
    for (size_t i = 0; i < sizeof source / sizeof *source; i++) source[i] = (float)i;
}

static uint64_t word(uint32_t offset)
{
    return sc_ring_word(base, offset);
}

static uint32_t write_at(uint32_t frames, const sc_transport *transport)
{
    return sc_ring_write(&ring, (sc_samples){.interleaved = source}, frames, transport);
}

static sc_transport playing_at(double frame)
{
    return (sc_transport){.flags = SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM |
                                   SC_TRANSPORT_VALID_METER,
                          .numerator = 4, .denominator = 4, .bpm = BPM, .ppq = frame * PPQ_PER_FRAME};
}

static sc_record record(uint64_t index)
{
    sc_record found;
    uint64_t seq;
    const uint8_t *slot = base + SC_HEADER_BYTES + index % RECORDS * SC_RECORD_BYTES;
#define FIELD(NAME, member) memcpy(&(member), slot + SC_RECORD_##NAME##_OFFSET, sizeof(member))
    FIELD(SEQ, seq);
    CHECK_EQUAL(seq, 2 * index + 2);
    FIELD(RING_FRAME, found.ring_frame);
    FIELD(PROJECT_FRAME, found.project_frame);
    FIELD(PPQ, found.ppq);
    FIELD(BPM, found.bpm);
    FIELD(BAR_START_PPQ, found.bar_start_ppq);
    FIELD(HOST_NS, found.host_ns);
    FIELD(BLOCK_FRAMES, found.block_frames);
    FIELD(NUMERATOR, found.numerator);
    FIELD(DENOMINATOR, found.denominator);
    FIELD(FLAGS, found.flags);
#undef FIELD
    return found;
}

static sc_record newest(void)
{
    return record(word(SC_TIMELINE_COMMIT_OFFSET) - 1);
}

static void samples_wrap_at_the_capacity(void)
{
    for (uint32_t channels = 1; channels <= 2; channels++) {
        float model[2 * CAPACITY] = {0};
        uint64_t frame = 0;
        uint32_t random = 7;
        open_ring(channels);
        for (int i = 0; i < 2000; i++) {
            random = random * 1664525u + 1013904223u;
            const uint32_t frames = (random >> 16) % (MAX_BLOCK + 1), from = (random >> 8) % CAPACITY;
            const sc_samples samples = {.interleaved = source + from};
            CHECK_EQUAL(sc_ring_write(&ring, samples, frames, NULL), frames);
            for (uint32_t j = 0; j < frames * channels; j++)
                model[(frame * channels + j) % (CAPACITY * channels)] = source[from + j];
            frame += frames;
            CHECK_EQUAL(word(SC_COMMIT_OFFSET), frame);
            CHECK_EQUAL(word(SC_RESERVE_OFFSET), frame);
            CHECK(memcmp(ring.audio, model, CAPACITY * channels * sizeof(float)) == 0);
        }
        CHECK_EQUAL(word(SC_PROCESS_COUNT_OFFSET), 2000);
    }
}

static void planar_and_interleaved_are_the_same(void)
{
    float left[300], right[300];
    const float *channels[2] = {left, right};
    for (int i = 0; i < 300; i++) {
        left[i] = source[2 * i];
        right[i] = source[2 * i + 1];
    }
    open_ring(2);
    for (int i = 0; i < 40; i++) sc_ring_write(&ring, (sc_samples){.planar = channels}, 300, NULL);
    for (uint32_t i = 0; i < 300; i++) {
        const uint64_t at = (39 * 300 + i) % CAPACITY;
        CHECK(ring.audio[2 * at] >= left[i] && ring.audio[2 * at] <= left[i]);
        CHECK(ring.audio[2 * at + 1] >= right[i] && ring.audio[2 * at + 1] <= right[i]);
    }
    open_ring(1);
    sc_ring_write(&ring, (sc_samples){.planar = channels}, 300, NULL);
    CHECK(memcmp(ring.audio, left, sizeof left) == 0);
}

static void a_call_without_frames_only_proves_life(void)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    CHECK_EQUAL(write_at(0, &transport), 0);
    CHECK_EQUAL(word(SC_COMMIT_OFFSET), 0);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 0);
    CHECK_EQUAL(word(SC_PROCESS_COUNT_OFFSET), 1);
}

static void a_block_longer_than_promised_is_split_and_counted(void)
{
    open_ring(2);
    CHECK_EQUAL(write_at(3 * MAX_BLOCK + 5, NULL), 3 * MAX_BLOCK + 5);
    CHECK_EQUAL(word(SC_COMMIT_OFFSET), 3 * MAX_BLOCK + 5);
    CHECK_EQUAL(word(SC_OVERSIZE_BLOCKS_OFFSET), 1);
    CHECK(memcmp(ring.audio, source, (3 * MAX_BLOCK + 5) * 8) == 0);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 1);
    write_at(MAX_BLOCK, NULL);
    CHECK_EQUAL(word(SC_OVERSIZE_BLOCKS_OFFSET), 1);
}

/* Flags of the record that a block gets behind a second in which the host made no call. */
static uint16_t flags_after_a_pause(const sc_transport *before, const sc_transport *after)
{
    open_ring(2);
    write_at(512, before);
    sc_ring_resume(&ring);
    write_at(512, after);
    return word(SC_TIMELINE_COMMIT_OFFSET) == 1 ? 0 : newest().flags & (SC_FLAG_GAP | SC_FLAG_DISCONTINUITY);
}

static void a_suspended_host_leaves_a_gap_and_one_that_stood_still_does_not(void)
{
    const uint16_t gap = SC_FLAG_GAP | SC_FLAG_DISCONTINUITY;
    const sc_transport start = playing_at(0), led = playing_at(512), bypassed = playing_at(512 + 6 * RATE);
    sc_transport stopped = start;
    stopped.flags &= ~(uint32_t)SC_TRANSPORT_PLAYING;
    CHECK_EQUAL(flags_after_a_pause(&start, &led), 0);
    CHECK_EQUAL(flags_after_a_pause(&start, &bypassed), gap);
    CHECK_EQUAL(flags_after_a_pause(&stopped, &stopped), gap); /* nobody knows what was played meanwhile */
    CHECK_EQUAL(flags_after_a_pause(NULL, NULL), gap);
}

static void offline_blocks_freeze_and_leave_a_gap(void)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    write_at(512, &transport);
    transport.flags |= SC_TRANSPORT_OFFLINE;
    for (int i = 0; i < 100; i++) CHECK_EQUAL(write_at(512, &transport), 0);
    CHECK_EQUAL(sc_ring_state(base), SC_STATE_FROZEN);
    CHECK_EQUAL(word(SC_COMMIT_OFFSET), 512);
    CHECK_EQUAL(word(SC_RESERVE_OFFSET), 512);
    CHECK_EQUAL(word(SC_OFFLINE_BLOCKS_OFFSET), 100);
    transport = playing_at(512);
    write_at(64, &transport);
    CHECK_EQUAL(sc_ring_state(base), SC_STATE_READY);
    CHECK_EQUAL(newest().flags & (SC_FLAG_GAP | SC_FLAG_DISCONTINUITY), SC_FLAG_GAP | SC_FLAG_DISCONTINUITY);
    CHECK_EQUAL(newest().ring_frame, 512);
    transport = playing_at(576);
    write_at(512, &transport);
    CHECK(!(newest().flags & SC_FLAG_OFFLINE));
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 0);
}

static void steady_play_is_told_every_2048_frames(void)
{
    open_ring(2);
    for (uint32_t frame = 0; frame < 204800; frame += 64) {
        const sc_transport transport = playing_at(frame);
        write_at(64, &transport);
    }
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 100);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 0);
    for (uint64_t i = 100 - RECORDS; i < 100; i++) {
        CHECK_EQUAL(record(i).ring_frame, 2048 * i);
        CHECK(fabs(record(i).ppq - 2048.0 * (double)i * PPQ_PER_FRAME) < 1e-12);
        CHECK_EQUAL(record(i).flags,
                    SC_FLAG_PLAYING | SC_FLAG_VALID_PPQ | SC_FLAG_VALID_BPM | SC_FLAG_VALID_METER);
        CHECK_EQUAL(record(i).host_ns, 0);
        CHECK_EQUAL(record(i).block_frames, 64);
    }
}

static void standing_still_is_told_every_8192_frames(void)
{
    sc_transport transport = playing_at(0);
    transport.flags &= ~(uint32_t)SC_TRANSPORT_PLAYING;
    open_ring(2);
    for (uint32_t frame = 0; frame < 3 * 8192; frame += 512) write_at(512, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 3);
    open_ring(2);
    for (uint32_t frame = 0; frame < 3 * 8192; frame += 512) write_at(512, NULL);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 3);
    CHECK_EQUAL(newest().flags, 0);
}

/* Whether a position that is `off` frames beside the predicted one counts as a discontinuity. */
static bool jumps(double off)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    write_at(64, &transport);
    transport = playing_at(64 + off);
    write_at(64, &transport);
    const bool counted = word(SC_DISCONTINUITIES_OFFSET) == 1;
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), counted ? 2 : 1);
    if (counted) CHECK(newest().flags & SC_FLAG_DISCONTINUITY);
    return counted;
}

static void two_frames_of_wobble_are_no_jump(void)
{
    CHECK(!jumps(0.0) && !jumps(1.99) && !jumps(-1.99));
    CHECK(jumps(2.01) && jumps(-2.01) && jumps(-48000.0) && jumps(48000.0));
}

/* Positions in whole ticks of 1/1920 quarter, up to 6 frames off at 120 BPM, from a host that also tells frames. */
static void a_position_rounded_to_ticks_is_no_jump_while_the_frames_go_on(void)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    for (uint32_t frame = 0; frame < 204800; frame += 256) {
        transport = playing_at(frame);
        transport.ppq = round(transport.ppq * 1920.0) / 1920.0;
        transport.project_frame = 1000 + frame;
        transport.flags |= SC_TRANSPORT_VALID_PROJECT_FRAME;
        write_at(256, &transport);
    }
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 0);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 100);
    transport.project_frame += 256 + 3; /* 3 frames further than it should be, in both */
    transport.ppq += (256 + 3) * PPQ_PER_FRAME;
    write_at(256, &transport);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 1);
    transport.project_frame += 256;
    transport.ppq += 256 * PPQ_PER_FRAME + 1.1 / 480.0; /* more than rounding, though the frames go on */
    write_at(256, &transport);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 2);
}

static void a_changed_value_is_told_at_once(void)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    write_at(64, &transport);
    transport = playing_at(64);
    transport.bpm = 121.0;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 2);
    transport = playing_at(64);
    transport.ppq = 64 * PPQ_PER_FRAME + 64 * 121.0 / 60.0 / RATE;
    transport.bpm = 121.0;
    transport.numerator = 3;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 3);
    CHECK_EQUAL(newest().numerator, 3);
    transport.ppq += 64 * 121.0 / 60.0 / RATE;
    transport.flags |= SC_TRANSPORT_RECORDING;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 4);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 0);
}

static void a_tempo_that_changed_within_a_block_is_no_jump(void)
{
    sc_transport transport = playing_at(0);
    open_ring(2);
    write_at(512, &transport);
    transport.bpm = 180.0; /* since frame 100 of that block */
    transport.ppq = 100 * PPQ_PER_FRAME + 412 * 180.0 / 60.0 / RATE;
    write_at(512, &transport);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 0);
    transport.bpm = 120.0;
    transport.ppq += 600 * 180.0 / 60.0 / RATE; /* further than the faster tempo leads */
    write_at(512, &transport);
    CHECK_EQUAL(word(SC_DISCONTINUITIES_OFFSET), 1);
}

static void a_loop_range_is_told_once_and_before_the_position(void)
{
    sc_transport transport = playing_at(0);
    transport.flags |= SC_TRANSPORT_LOOPING | SC_TRANSPORT_VALID_LOOP;
    transport.loop_start_ppq = 4.0;
    transport.loop_end_ppq = 8.0;
    open_ring(2);
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 2);
    CHECK_EQUAL(record(0).flags, SC_FLAG_LOOP_RANGE | SC_FLAG_PLAYING | SC_FLAG_LOOPING);
    CHECK(fabs(record(0).ppq - 4.0) < 1e-12 && fabs(record(0).bpm - 8.0) < 1e-12);
    CHECK(!(record(1).flags & SC_FLAG_LOOP_RANGE) && (record(1).flags & SC_FLAG_VALID_PPQ));
    transport.ppq = 64 * PPQ_PER_FRAME;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 2);
    transport.ppq = 128 * PPQ_PER_FRAME;
    transport.loop_end_ppq = 12.0;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 4);
    transport.ppq = 192 * PPQ_PER_FRAME;
    transport.loop_end_ppq = 4.0;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_TIMELINE_COMMIT_OFFSET), 4);
    CHECK_EQUAL(word(SC_INVALID_POSITIONS_OFFSET), 1);
}

/* A host that plays on, wobbles, jumps, loops, changes, stops, bounces and talks nonsense, in blocks of any size. */
static sc_transport anything(uint32_t random, double *frame)
{
    sc_transport transport;
    if (random % 61 == 0) *frame = random % 100000;
    transport = playing_at(*frame + (random % 5 == 0 ? (double)(random >> 8 & 7) - 3.5 : 0.0));
    transport.flags |= SC_TRANSPORT_VALID_PROJECT_FRAME | SC_TRANSPORT_VALID_BAR_START;
    transport.project_frame = (int64_t)*frame + (random % 97 == 0) * 3;
    transport.bar_start_ppq = 4.0 * floor(transport.ppq / 4.0);
    if (random % 31 == 0) transport.flags ^= 1u << (random >> 16) % 10;
    if (random % 101 == 0) transport.bpm = random % 2 ? BPM + 1.0 : NAN;
    if (random % 103 == 0) transport.numerator = random >> 16;
    if (random % 17 < 8) transport.flags |= SC_TRANSPORT_LOOPING | SC_TRANSPORT_VALID_LOOP;
    transport.loop_start_ppq = 4.0;
    transport.loop_end_ppq = random % 211 ? 8.0 : 1.0;
    return transport;
}

static void what_is_not_said_would_not_have_been_said_by_asking(void)
{
    const uint64_t total = SC_HEADER_BYTES + RECORDS * SC_RECORD_BYTES + CAPACITY * 8;
    sc_ring asking;
    double frame = 0;
    uint32_t random = 11, quiet = 0;
    open_ring(2);
    uint8_t *other = malloc(total);
    memcpy(other, base, total);
    asking = ring;
    asking.base = other;
    asking.audio = (float *)(void *)(other + ((uint8_t *)ring.audio - base));
    asking.timeline_slots = other + (ring.timeline_slots - base);
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525u + 1013904223u;
        const uint32_t mixed = random ^ random >> 13;
        const uint32_t frames = mixed % 37 == 0 ? (mixed >> 8) % (2 * MAX_BLOCK) : 64;
        const sc_transport transport = anything(mixed, &frame);
        const sc_transport *told = mixed % 301 == 0 ? NULL : &transport;
        if (sc_steady_holds(&ring.steady, told, ring.commit)) quiet++;
        write_at(frames, told);
        asking.steady.due = 0;
        sc_ring_write(&asking, (sc_samples){.interleaved = source}, frames, told);
        CHECK(memcmp(base, other, total) == 0);
        frame += frames;
    }
    CHECK(quiet > 50000);
    free(other);
}

static void nonsense_is_dropped_and_counted(void)
{
    const double bad_bpm[] = {NAN, INFINITY, -INFINITY, 0.0, -120.0, 1e9};
    const double bad_ppq[] = {NAN, INFINITY, -INFINITY, 1e300};
    uint64_t counted = 0;
    open_ring(2);
    for (size_t i = 0; i < sizeof bad_bpm / sizeof *bad_bpm; i++) {
        sc_transport transport = playing_at(0);
        transport.bpm = bad_bpm[i];
        transport.flags ^= i & 1 ? SC_TRANSPORT_RECORDING : 0u; /* so that it is told */
        write_at(64, &transport);
        CHECK_EQUAL(word(SC_INVALID_POSITIONS_OFFSET), ++counted);
        CHECK(!(newest().flags & SC_FLAG_VALID_BPM) && newest().bpm >= 0.0 && newest().bpm <= 0.0);
        CHECK(newest().flags & SC_FLAG_VALID_PPQ);
    }
    for (size_t i = 0; i < sizeof bad_ppq / sizeof *bad_ppq; i++) {
        sc_transport transport = playing_at(0);
        transport.ppq = bad_ppq[i];
        transport.flags ^= i & 1 ? SC_TRANSPORT_RECORDING : 0u;
        write_at(64, &transport);
        CHECK_EQUAL(word(SC_INVALID_POSITIONS_OFFSET), ++counted);
        CHECK(!(newest().flags & SC_FLAG_VALID_PPQ) && (newest().flags & SC_FLAG_VALID_BPM));
    }
    sc_transport transport = playing_at(0);
    transport.denominator = 3;
    write_at(64, &transport);
    CHECK_EQUAL(word(SC_INVALID_POSITIONS_OFFSET), ++counted);
    CHECK(!(newest().flags & SC_FLAG_VALID_METER) && newest().numerator == 0);
}

static void the_header_is_whole_and_says_init_first(void)
{
    const sc_ring_identity identity = {.generation = 9, .sample_rate_hz = 44100.0, .channels = 1,
                                       .max_block_frames = 64, .capacity_frames = CAPACITY, .timeline_capacity = 128};
    uint8_t *header = malloc(SC_HEADER_BYTES);
    uint64_t total;
    memset(header, 0xAA, SC_HEADER_BYTES);
    sc_ring_format(header, &identity);
    memcpy(&total, header + SC_IDENTITY_TOTAL_BYTES_OFFSET, sizeof total);
    CHECK_EQUAL(total, SC_HEADER_BYTES + 128 * SC_RECORD_BYTES + CAPACITY * 4);
    CHECK_EQUAL(total, sc_ring_bytes(&identity));
    CHECK(memcmp(header, "SDCHRNG\n", 8) == 0);
    CHECK_EQUAL(sc_ring_state(header), SC_STATE_INIT);
    free(header);
}

int main(void)
{
    RUN(samples_wrap_at_the_capacity);
    RUN(planar_and_interleaved_are_the_same);
    RUN(a_call_without_frames_only_proves_life);
    RUN(a_block_longer_than_promised_is_split_and_counted);
    RUN(offline_blocks_freeze_and_leave_a_gap);
    RUN(a_suspended_host_leaves_a_gap_and_one_that_stood_still_does_not);
    RUN(steady_play_is_told_every_2048_frames);
    RUN(standing_still_is_told_every_8192_frames);
    RUN(two_frames_of_wobble_are_no_jump);
    RUN(a_position_rounded_to_ticks_is_no_jump_while_the_frames_go_on);
    RUN(a_changed_value_is_told_at_once);
    RUN(a_tempo_that_changed_within_a_block_is_no_jump);
    RUN(a_loop_range_is_told_once_and_before_the_position);
    RUN(what_is_not_said_would_not_have_been_said_by_asking);
    RUN(nonsense_is_dropped_and_counted);
    RUN(the_header_is_whole_and_says_init_first);
    free(base);
    return 0;
}
