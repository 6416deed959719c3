/* test_memory RUN_DIR: an allocator that fails the n-th time, for every n, walks each out-of-memory path. */
#include "check.h"
#include "sidechain.h"

#include <dirent.h>

typedef struct meter {
    long left; /* allocations until one fails */
    long alive;
    long failed;
} meter;

static void *allocate(void *context, size_t bytes)
{
    meter *m = context;
    if (m->left-- == 0) {
        m->failed++;
        return NULL;
    }
    m->alive++;
    return malloc(bytes);
}

static void release(void *context, void *memory)
{
    meter *m = context;
    m->alive--;
    free(memory);
}

static int files(const char *folder)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));) count += entry->d_name[0] != '.';
    if (open) closedir(open);
    return count;
}

/* A whole life of a client: two generations, keeps, destruction. */
static void live(meter *m, const char *run_dir)
{
    static float samples[2 * 512];
    const sc_allocator allocator = {allocate, release, m};
    const sc_config config = {.size = sizeof config, .run_dir = run_dir, .record_only = true,
                              .history_frames = 4096, .allocator = &allocator};
    sc_client *client;
    const sc_result created = sc_client_create(&config, &client);
    CHECK(created == SC_OK || (created == SC_ERROR_MEMORY && m->failed == 1 && !client));
    if (created != SC_OK) return;
    for (int generation = 0; generation < 2; generation++) {
        const long failed = m->failed;
        const sc_result activated = sc_client_activate(client, generation ? 44100.0 : 48000.0, 2, 512);
        CHECK(activated == SC_OK || (activated == SC_ERROR_MEMORY && m->failed == failed + 1));
        const uint32_t recorded = sc_client_process_interleaved(client, samples, 512, NULL);
        CHECK_EQUAL(recorded, activated == SC_OK ? 512 : 0);
        const sc_result kept = sc_client_keep(client, 8, 0.0, false, "title", NULL);
        CHECK(kept == SC_OK || activated != SC_OK);
    }
    sc_client_destroy(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    long n = 0;
    for (;; n++) {
        meter m = {.left = n};
        live(&m, argv[1]);
        CHECK_EQUAL(m.alive, 0);
        CHECK_EQUAL(files(argv[1]), 0);
        if (m.failed == 0) break;
    }
    printf("%ld allocations, each failed once\n", n);
    CHECK_EQUAL(n, 5);
    return 0;
}
