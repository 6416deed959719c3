/* test_preview RUN_DIR: previews without a daemon. This program writes Return Rings, honest and lying ones, says
   PreviewOpened as the session would, and plays host: what comes out must be what went in plus the frames, and nothing
   that another process does to the file may do more than end the preview. */
#define _GNU_SOURCE
#include "return_file.h"

#include <math.h>

#define BLOCK 512u
#define FADE_IN 48
#define FADE_OUT 384

static float left[4 * BLOCK], right[4 * BLOCK];
static float *const channels[2] = {left, right};

/* The next event of this kind within 20 s. */
static sc_event next(sc_event_kind kind)
{
    sc_event event;
    for (int tries = 0; tries < 20000; pause_ms(1), tries++)
        while (sc_client_poll_event(client, &event))
            if (event.kind == kind) return event;
    CHECK(!"the event came within 20 s");
    return event;
}

/* One block of silence, mixed; returns what sc_client_mix does. */
static uint32_t mix(uint32_t frames, const sc_transport *transport)
{
    memset(left, 0, sizeof left);
    memset(right, 0, sizeof right);
    return sc_client_mix(client, channels, frames, transport);
}

static bool silent(uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++)
        if (left[i] != 0.0f || right[i] != 0.0f) return false; /* NOLINT: exact silence is meant */
    return true;
}

static bool same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* ---------------------------------------------------------------------------------------------------------------- */

static void nothing_is_touched_while_nothing_plays(void)
{
    for (uint32_t i = 0; i < BLOCK; i++) memcpy(&left[i], &(uint32_t){0x7FA00000u + i}, 4); /* NaNs with marks */
    CHECK_EQUAL(sc_client_mix(client, channels, BLOCK, NULL), 0);
    for (uint32_t i = 0; i < BLOCK; i++) CHECK(memcmp(&left[i], &(uint32_t){0x7FA00000u + i}, 4) == 0);
    CHECK_EQUAL(sc_client_preview_state(client), SC_PREVIEW_NONE);
}

static void every_frame_is_played_once_between_its_fades(void)
{
    const uint64_t total = 3 * CAPACITY + 77;
    const int fd = make_return();
    write_frames(fd, 0, CAPACITY);
    open_preview(false);
    uint64_t heard = 0, written = CAPACITY;
    CHECK_EQUAL(next(SC_EVENT_PREVIEW_OPENED).opened.in_sync, false);
    wait_copied(1);
    while (heard < total) {
        sc_worker_lock();
        const uint64_t copied = client->preview.copied_frames;
        sc_worker_unlock();
        const uint64_t to = copied + CAPACITY < total ? copied + CAPACITY : total;
        if (to > written) write_frames(fd, written, to);
        written = to > written ? to : written;
        if (written == total) put_word(fd, SC_RETURN_END_OFFSET, total);
        if (copied < heard + BLOCK + FADE_OUT && copied < total) {
            pause_ms(1); /* a host that ran on would hear a pause, with fades */
            continue;
        }
        if (copied == total) pause_ms(25); /* the end is told with the last frames, or a step later */
        const uint32_t block = (uint32_t)(1 + heard % BLOCK);
        const uint32_t added = mix(block, NULL);
        for (uint32_t i = 0; i < added && heard + i < total; i++) {
            const uint64_t n = heard + i;
            if (n >= FADE_IN && n + FADE_OUT < total) CHECK(same(left[i], frame_value(n)) && same(right[i], -frame_value(n)));
            else CHECK(fabsf(left[i]) <= frame_value(n));
        }
        heard += added;
    }
    CHECK_EQUAL(heard, total);
    CHECK(strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "ended") == 0);
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    close_return(fd);
}

static void it_begins_on_the_frame_of_the_bar(void)
{
    /* 7/8 at 93 BPM: a bar is 3.5 quarters, 108387.096... frames. */
    sc_transport t = {.flags = SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM |
                               SC_TRANSPORT_VALID_METER | SC_TRANSPORT_VALID_BAR_START,
                      .numerator = 7, .denominator = 8, .bpm = 93.0};
    const double quarters_per_frame = 93.0 / 60.0 / RATE_HZ, bar = 3.5;
    const int fd = make_return();
    write_frames(fd, 0, CAPACITY);
    open_preview(true);
    wait_copied(1);
    uint64_t frame = 105000;
    const uint64_t begin = (uint64_t)llround(2 * bar / quarters_per_frame);
    for (uint32_t block = 1; frame < begin + BLOCK; frame += block, block = 1 + block * 7 % BLOCK) {
        t.ppq = (double)frame * quarters_per_frame;
        t.bar_start_ppq = floor(t.ppq / bar) * bar;
        if (frame <= 108387 && frame + block > 108387) { /* passes the first bar line: not yet taken, as if late */
            continue;
        }
        const uint32_t added = mix(block, &t);
        if (frame + block <= begin) CHECK(added == 0 && silent(block));
        else if (frame <= begin) {
            CHECK_EQUAL(added, frame + block - begin);
            CHECK(silent((uint32_t)(begin - frame)) && fabsf(left[begin - frame]) > 0.0f);
        }
        if (frame + block <= begin) CHECK_EQUAL(sc_client_preview_state(client), SC_PREVIEW_WAITING);
    }
    sc_client_stop_preview(client);
    CHECK(strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "stopped") == 0);
    for (int i = 0; i < 4; i++) mix(BLOCK, NULL);
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    close_return(fd);
}

static void a_host_that_stands_lets_it_begin_at_once(void)
{
    const sc_transport stands = {.flags = SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM, .bpm = 120.0};
    const int fd = make_return();
    write_frames(fd, 0, CAPACITY);
    open_preview(true);
    wait_copied(1);
    CHECK_EQUAL(mix(BLOCK, &stands), BLOCK);
    sc_client_stop_preview(client);
    next(SC_EVENT_PREVIEW_ENDED);
    for (int i = 0; i < 4; i++) mix(BLOCK, NULL);
    close_return(fd);
}

static void recording_mutes_to_the_frame_and_a_bounce_ends_it(void)
{
    const sc_transport plays = {.flags = SC_TRANSPORT_PLAYING}, records = {.flags = SC_TRANSPORT_RECORDING},
                       offline = {.flags = SC_TRANSPORT_OFFLINE};
    const int fd = make_return();
    write_frames(fd, 0, CAPACITY);
    open_preview(false);
    wait_copied(CAPACITY);
    CHECK_EQUAL(mix(BLOCK, &plays), BLOCK);
    CHECK(!silent(BLOCK));
    CHECK_EQUAL(mix(BLOCK, &records), 0);
    CHECK(silent(BLOCK));
    CHECK_EQUAL(sc_client_preview_state(client), SC_PREVIEW_MUTED);
    CHECK_EQUAL(mix(BLOCK, &plays), BLOCK); /* it ran on: these are the frames behind those that were muted */
    CHECK(same(left[FADE_IN + 1], frame_value(2 * BLOCK + FADE_IN + 1)));
    CHECK_EQUAL(mix(BLOCK, &offline), 0);
    CHECK(silent(BLOCK));
    CHECK(strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "offline") == 0);
    CHECK_EQUAL(mix(BLOCK, &plays), 0);
    close_return(fd);
}

static void the_gain_is_reached_without_a_jump(void)
{
    const int fd = make_return();
    sc_client_set_preview_gain(client, -60.0);
    sc_client_set_preview_gain(client, NAN);
    write_frames(fd, 0, CAPACITY);
    open_preview(false);
    wait_copied(CAPACITY);
    mix(BLOCK, NULL);
    CHECK(silent(BLOCK));
    sc_client_set_preview_gain(client, 0.0);
    float before = 0.0f;
    for (uint64_t n = BLOCK; n < 5 * BLOCK; n += BLOCK) {
        mix(BLOCK, NULL);
        for (uint32_t i = 0; i < BLOCK; i++) {
            CHECK(left[i] / frame_value(n + i) - before < 0.0011f); /* 20 ms from silence to full scale */
            before = left[i] / frame_value(n + i);
        }
    }
    CHECK(before > 0.999f);
    sc_client_stop_preview(client);
    next(SC_EVENT_PREVIEW_ENDED);
    float last = before;
    for (int block = 0; block < 4; block++) {
        mix(BLOCK, NULL);
        for (uint32_t i = 0; i < BLOCK; i++) {
            const float now = left[i] / frame_value((uint64_t)(5 + block) * BLOCK + i);
            CHECK(last - now < 0.0027f); /* 8 ms from full scale to silence */
            last = now;
        }
    }
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    close_return(fd);
}

static void a_new_one_replaces_the_old(void)
{
    for (int i = 0; i < 20; i++) {
        const int fd = make_return();
        write_frames(fd, 0, CAPACITY / 2);
        put_word(fd, SC_RETURN_END_OFFSET, CAPACITY / 2);
        open_preview(false);
        if (i % 3 != 0 && i < 19) {
            wait_copied(CAPACITY / 2);
            mix(1 + (uint32_t)i * 37 % BLOCK, NULL);
        }
        close_return(fd); /* an open descriptor is enough */
        if (i == 19) wait_copied(CAPACITY / 2);
    }
    uint32_t sounding = 0;
    for (int i = 0; i < 40; i++) sounding += mix(BLOCK, NULL);
    CHECK(sounding >= CAPACITY / 2);
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    while (strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "ended") != 0) continue;
}

static void what_is_no_sound_is_made_harmless(void)
{
    const float nonsense[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 5.0f};
    const int fd = make_return();
    put_word(fd, SC_RETURN_RESERVE_OFFSET, CAPACITY);
    for (uint64_t n = 0; n < CAPACITY; n++)
        for (uint64_t c = 0; c < 2; c++)
            file_put(fd, SC_RETURN_HEADER_BYTES + n * 8 + c * 4, &nonsense[(n + c) % 6], 4);
    put_word(fd, SC_RETURN_COMMIT_OFFSET, CAPACITY);
    put_word(fd, SC_RETURN_END_OFFSET, CAPACITY);
    open_preview(false);
    wait_copied(CAPACITY);
    for (uint32_t n = 0; n < CAPACITY; n += BLOCK) {
        mix(BLOCK, NULL);
        for (uint32_t i = 0; i < BLOCK; i++) CHECK(fabsf(left[i]) <= 4.0f && fabsf(right[i]) <= 4.0f);
    }
    while (mix(BLOCK, NULL)) continue;
    next(SC_EVENT_PREVIEW_ENDED);
    close_return(fd);
}

static void a_file_that_is_truncated_or_lies_ends_the_preview(void)
{
    static const struct {
        uint64_t offset, value;
    } LIES[] = {
        {SC_RETURN_COMMIT_OFFSET, UINT64_MAX},      {SC_RETURN_COMMIT_OFFSET, CAPACITY + 1},
        {SC_RETURN_RESERVE_OFFSET, UINT64_MAX},     {SC_RETURN_RESERVE_OFFSET, 3 * CAPACITY},
        {SC_RETURN_COMMIT_OFFSET, 0},               {SC_RETURN_END_OFFSET, 1},
        {SC_RETURN_END_OFFSET, UINT64_MAX - 1},
    };
    for (size_t i = 0; i < 2 + sizeof LIES / sizeof LIES[0]; i++) {
        const int fd = make_return();
        write_frames(fd, 0, CAPACITY);
        open_preview(false);
        wait_copied(CAPACITY);
        mix(BLOCK, NULL);
        if (i == 0) file_resize(fd, 0);
        else if (i == 1) file_resize(fd, SC_RETURN_END_OFFSET);
        else put_word(fd, LIES[i - 2].offset, LIES[i - 2].value);
        CHECK(strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "broken") == 0);
        for (int blocks = 0; blocks < 4; blocks++) mix(BLOCK, NULL);
        CHECK(mix(BLOCK, NULL) == 0 && silent(BLOCK));
        close_return(fd);
    }
}

static void what_is_not_for_us_is_not_opened(void)
{
    for (int i = 0; i < 8; i++) {
        char aside[2100];
        int fd = make_return();
        write_frames(fd, 0, CAPACITY);
        snprintf(aside, sizeof aside, "%s.aside", path);
        if (i == 0) put_word(fd, SC_RETURN_GENERATION_OFFSET, generation + 1);
        if (i == 1) put_word(fd, SC_RETURN_CAPACITY_FRAMES_OFFSET, CAPACITY * 2); /* and the checksum does not fit */
        if (i == 2) CHECK(file_open_to_others(path));
        if (i == 3) CHECK(rename(path, aside) == 0 && (file_make_link(path, aside) || !FILES_ARE_POSIX));
        if (i == 4 || i == 5) {
            close(fd); /* first: an open file keeps its name on some systems */
            fd = -1;
            file_remove(path);
        }
        if (i == 4) CHECK(file_make_fifo(path) || !FILES_ARE_POSIX);
        if (i == 6) file_resize(fd, SC_RETURN_HEADER_BYTES);
        if (i == 7) strcpy(strrchr(path, '/'), "/../sdr.0");
        open_preview(false);
        CHECK(strcmp(next(SC_EVENT_PREVIEW_FAILED).failed.code, "unfit") == 0);
        CHECK_EQUAL(mix(BLOCK, NULL), 0);
        if (i == 3) file_remove(aside);
        close_return(fd);
    }
}

static void the_end_of_the_ring_is_the_end_of_the_preview(void)
{
    const int fd = make_return();
    write_frames(fd, 0, CAPACITY);
    open_preview(false);
    wait_copied(1);
    mix(BLOCK, NULL);
    sc_client_deactivate(client);
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    CHECK(strcmp(next(SC_EVENT_PREVIEW_ENDED).ended.code, "stopped") == 0);
    CHECK_EQUAL(sc_client_activate(client, RATE_HZ, 2, BLOCK), SC_OK);
    CHECK_EQUAL(mix(BLOCK, NULL), 0);
    sc_preview about;
    sc_client_preview(client, &about);
    CHECK(about.state == SC_PREVIEW_NONE && about.id == 0);
    close_return(fd);
}

static void asking_without_a_daemon_fails_with_a_sentence(void)
{
    uint64_t id = 0;
    CHECK_EQUAL(sc_client_play(client, SC_PLAY_ITEM, "", false, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_play(client, SC_PLAY_ITEM, "a post", true, &id), SC_OK);
    const sc_event failed = next(SC_EVENT_PREVIEW_FAILED);
    CHECK(failed.id == id && strcmp(failed.failed.code, "no_daemon") == 0 && failed.failed.message[0]);
    CHECK_EQUAL(sc_client_preview_state(client), SC_PREVIEW_NONE);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    run_dir = argv[1];
    const sc_config config = {.size = sizeof config, .run_dir = run_dir, .record_only = true,
                              .history_frames = 8192};
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    CHECK_EQUAL(sc_client_play(client, SC_PLAY_ITEM, "x", false, NULL), SC_ERROR_INACTIVE);
    CHECK_EQUAL(sc_client_activate(client, RATE_HZ, 2, BLOCK), SC_OK);
    RUN(nothing_is_touched_while_nothing_plays);
    RUN(every_frame_is_played_once_between_its_fades);
    RUN(it_begins_on_the_frame_of_the_bar);
    RUN(a_host_that_stands_lets_it_begin_at_once);
    RUN(recording_mutes_to_the_frame_and_a_bounce_ends_it);
    RUN(the_gain_is_reached_without_a_jump);
    RUN(a_new_one_replaces_the_old);
    RUN(what_is_no_sound_is_made_harmless);
    RUN(a_file_that_is_truncated_or_lies_ends_the_preview);
    RUN(what_is_not_for_us_is_not_opened);
    RUN(the_end_of_the_ring_is_the_end_of_the_preview);
    RUN(asking_without_a_daemon_fails_with_a_sentence);
    sc_client_destroy(client);
    return 0;
}
