/* test_client RUN_DIR: the client without a daemon, in a directory that does not exist yet. */
#define _GNU_SOURCE
#include "alone.h"
#include "sidechain_window.h"
#include "system.h"

#include <math.h>
#include <string.h>

static void each_new_rate_is_a_new_generation(void)
{
    sc_client *client = make(run_dir);
    uint64_t before = 0;
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(sc_client_activate(client, i & 1 ? 44100.0 : 48000.0, 2, 512), SC_OK);
        CHECK(info_of(client).generation != before);
        CHECK_EQUAL(info_of(client).committed_frames, 0);
        before = info_of(client).generation;
        CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    }
    CHECK_EQUAL(files(run_dir), 4); /* nobody attached the newest: the older ones can still be kept from */
    sc_client_destroy(client);
    CHECK_EQUAL(files(run_dir), 0);
}

static void an_activation_without_a_change_goes_on_in_the_same_ring(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    const uint64_t first = info_of(client).generation;
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    sc_client_deactivate(client);
    CHECK(!info_of(client).recording);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 64), SC_OK);
    CHECK(info_of(client).recording);
    CHECK_EQUAL(info_of(client).generation, first);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 64, NULL), 64);
    CHECK_EQUAL(info_of(client).committed_frames, 576);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 513), SC_OK); /* longer blocks than it was made for */
    CHECK(info_of(client).generation != first);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 1, 513), SC_OK); /* other channels */
    CHECK_EQUAL(files(run_dir), 3);
    sc_client_destroy(client);
    CHECK_EQUAL(files(run_dir), 0);
}

static uint64_t last_block_ns(const sc_info *info)
{
    uint64_t word = 0;
    const int fd = file_open(path_of(info));
    file_take(fd, SC_LAST_BLOCK_NS_OFFSET, &word, sizeof word);
    close(fd);
    return word;
}

static void the_worker_notes_when_process_was_called(void)
{
    sc_client *client = make(run_dir);
    uint64_t before = 0, now = 0;
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    const sc_info info = info_of(client);
    CHECK_EQUAL(last_block_ns(&info), 0);
    for (uint32_t frames = 0; frames <= 512; frames += 512, before = now) { /* no frames are a sign of life too */
        sc_client_process_interleaved(client, samples, frames, NULL);
        while ((now = last_block_ns(&info)) == before) pause_ms(1); /* the driver has a limit */
        CHECK(now > before);
        pause_ms(60);
        CHECK_EQUAL(last_block_ns(&info), now); /* it is not the worker's own life */
    }
    sc_client_destroy(client);
}

static void the_worker_notes_when_process_is_not_called_any_more(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    while (!(atomic_load(&client->audio.due) & SC_DUE_RESUME)) pause_ms(1); /* a second later; the driver has a limit */
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    CHECK(!atomic_load(&client->audio.due) && client->audio.ring.records == 2); /* one says GAP */
    sc_client_destroy(client);
}

static void an_inactive_client_lets_audio_pass(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_ERROR_INACTIVE);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_ERROR_INACTIVE);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_OK);
    sc_client_deactivate(client);
    sc_client_deactivate(client);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_OK); /* the Ring is still there */
    sc_client_destroy(client);
}

static void arguments_out_of_range_are_refused(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 7999.0, 2, 512), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_activate(client, NAN, 2, 512), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 0, 512), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 3, 512), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 0), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 16385), SC_ERROR_ARGUMENT);
    CHECK(info_of(client).reason[0] != '\0');
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 16384), SC_OK);
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 1, NULL), 1);
    CHECK_EQUAL(sc_client_keep(client, 0, 0.0, false, NULL, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_keep(client, 8, 1.0, false, NULL, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_keep(client, 65, 0.0, false, NULL, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_keep(client, 0, NAN, false, NULL, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_keep(client, 0, 901.0, false, NULL, NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_create(NULL, &(sc_client *){NULL}), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_client_create(&(sc_config){0}, &(sc_client *){NULL}), SC_ERROR_ARGUMENT);
    sc_client_destroy(client);
    sc_client_destroy(NULL);
}

static void keeps_wait_in_sixteen_slots(void)
{
    uint64_t id, last = 0;
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    sc_client_process_interleaved(client, samples, 512, NULL);
    for (int i = 0; i < SC_MAX_KEEPS; i++) {
        CHECK_EQUAL(sc_client_keep(client, 0, 1.5, true, "title", &id), SC_OK);
        CHECK(id > last);
        last = id;
    }
    CHECK_EQUAL(sc_client_keep(client, 8, 0.0, false, NULL, NULL), SC_ERROR_LIMIT);
    sc_client_destroy(client);
}

static bool told_of(sc_client *client, sc_event_kind kind)
{
    sc_event event;
    while (sc_client_poll_event(client, &event))
        if (event.kind == kind) return true;
    return false;
}

static void one_instance_too_many_waits_and_records_when_there_is_room(void)
{
    sc_client *clients[SC_MAX_INSTANCES];
    for (int i = 0; i < SC_MAX_INSTANCES; i++) clients[i] = make(run_dir);
    sc_client *gives_up = make(run_dir), *next = make(run_dir), *last = make(run_dir);
    sc_client *extra[] = {gives_up, next, last};
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(sc_client_activate(extra[i], 48000.0, 2, 512), SC_ERROR_INSTANCES);
        CHECK(strstr(info_of(extra[i]).reason, "256") && strstr(info_of(extra[i]).reason, "Remove one"));
        CHECK_EQUAL(sc_client_process_interleaved(extra[i], samples, 512, NULL), 0);
    }
    sc_client_destroy(gives_up);
    sc_client_destroy(clients[7]);
    while (!told_of(next, SC_EVENT_RECORDING)) pause_ms(1);
    CHECK_EQUAL(sc_client_process_interleaved(next, samples, 512, NULL), 512);
    CHECK(info_of(next).recording && !info_of(next).reason[0]);
    CHECK(!info_of(last).recording && strstr(info_of(last).reason, "256"));
    clients[7] = next;
    for (int i = 0; i < SC_MAX_INSTANCES; i++) sc_client_destroy(clients[i]);
    while (!told_of(last, SC_EVENT_RECORDING)) pause_ms(1);
    sc_client_destroy(last);
    CHECK_EQUAL(files(run_dir), 0);
}

static void without_a_daemon_recording_goes_on(void)
{
    const sc_config config = {.size = sizeof config, .run_dir = run_dir};
    sc_client *client;
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    wait_for_link_reason(client, "No daemon is listening");
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 512);
    sc_client_destroy(client);
}

/* Until all asks are answered; the driver has a limit. */
static int failed_asks(sc_client *client, int wanted)
{
    static sc_event told;
    int failed = 0;
    while (failed < wanted)
        if (!sc_window_poll(client, &told)) pause_ms(1);
        else if (told.kind == SC_EVENT_ASK_FAILED) {
            CHECK(told.id != 0 && strstr(told.failed.message, "Start it"));
            failed++;
        }
    return failed;
}

static void what_a_window_asks_without_a_daemon_fails_with_a_sentence(void)
{
    static sc_event told;
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_window_get_feed(client, "", 20), 0); /* there is no window */
    CHECK(!sc_window_poll(client, &told));
    CHECK_EQUAL(sc_window_open(client), SC_OK);
    CHECK_EQUAL(sc_window_open(client), SC_OK);
    CHECK_EQUAL(sc_window_get_feed(client, "", SC_MAX_FEED_PAGE + 1), 0);
    CHECK_EQUAL(sc_window_react(client, "p", SC_REACTIONS, true), 0);
    CHECK_EQUAL(sc_window_get_peaks(client, 1, 0, 9, SC_MAX_PEAK_COLUMNS + 1), 0);
    CHECK_EQUAL(sc_window_get_peaks(client, 1, 9, 9, 1), 0);
    CHECK_EQUAL(sc_window_get_marks(client, 1, 9, 8), 0);
    const sc_span nothing = {.generation = 1, .first_frame = 9, .end_frame = 9}, one = {.generation = 1, .end_frame = 1};
    CHECK_EQUAL(sc_window_keep_span(client, &nothing, false, "", NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_window_listen(client, &nothing, "a", NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_window_listen(client, &one, "", NULL), SC_ERROR_ARGUMENT);
    CHECK_EQUAL(sc_window_listen(client, &one, "a", NULL), SC_ERROR_INACTIVE);
    for (uint64_t i = 1; i <= SC_MAX_ASKS; i++) CHECK_EQUAL(sc_window_like(client, "p", true), i);
    CHECK_EQUAL(sc_window_post(client, "t", "one too many"), 0);
    CHECK_EQUAL(failed_asks(client, SC_MAX_ASKS), SC_MAX_ASKS);
    CHECK(sc_window_post(client, "t", "room again") != 0);
    sc_window_close(client);
    CHECK(!sc_window_poll(client, &told) && sc_window_get_feed(client, "", 20) == 0);
    CHECK_EQUAL(sc_window_open(client), SC_OK); /* left open: destroy closes it */
    sc_client_destroy(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    run_dir = argv[1];
    RUN(each_new_rate_is_a_new_generation);
    RUN(an_activation_without_a_change_goes_on_in_the_same_ring);
    RUN(the_worker_notes_when_process_was_called);
    RUN(the_worker_notes_when_process_is_not_called_any_more);
    RUN(an_inactive_client_lets_audio_pass);
    RUN(arguments_out_of_range_are_refused);
    RUN(keeps_wait_in_sixteen_slots);
    RUN(one_instance_too_many_waits_and_records_when_there_is_room);
    RUN(without_a_daemon_recording_goes_on);
    RUN(what_a_window_asks_without_a_daemon_fails_with_a_sentence);
    return 0;
}
