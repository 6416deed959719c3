/* Clients without a daemon, and what they leave in the run directory. */
#ifndef ALONE_H
#define ALONE_H

#include "check.h"
#include "client.h"
#include "layout_gen.h"
#include "system.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const char *run_dir;
static float samples[2 * 4096];

static sc_client *make(const char *folder)
{
    const sc_config config = {.size = sizeof config, .run_dir = folder, .record_only = true,
                              .history_frames = 5000};
    sc_client *client;
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    return client;
}

static sc_info info_of(sc_client *client)
{
    sc_info info;
    sc_client_info(client, &info);
    return info;
}

static int files(const char *folder)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));) count += entry->d_name[0] != '.';
    if (open) closedir(open);
    return count;
}

static const char *path_of(const sc_info *info)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", info->run_dir, info->segment);
    return path;
}

/* The worker looks for a daemon by itself; the driver has a limit. */
static inline void wait_for_link_reason(sc_client *client, const char *word)
{
    while (!strstr(info_of(client).link_reason, word)) pause_ms(1);
}

#endif
