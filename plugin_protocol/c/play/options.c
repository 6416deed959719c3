#define _GNU_SOURCE
#include "options.h"

#include "../sidechain.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char HELP[] =
    "Usage: sidechain-play [options] FILE.wav\n"
    "\n"
    "Plays a WAV through the Sidechain client as a DAW would, with a transport that follows a script. No sound\n"
    "comes out. PCM of 16, 24, 32 bits or 32-bit float, mono or stereo.\n"
    "\n"
    "  --script FILE          what the transport does; see below\n"
    "  --tempo BPM            quarter notes per minute (else the script's, else 120)\n"
    "  --meter N/D            (else the script's, else 4/4)\n"
    "  --start-ppq X          where in the project the first frame lies, in quarter notes\n"
    "  --block N              frames per process call, 1 to 16384 (else the script's, else 512)\n"
    "  --random-blocks SEED   blocks of 0 to 2048 frames instead\n"
    "  --speed X              1 is real time (default), 8 eight times as fast, 0 as fast as possible\n"
    "  --repeat N             times through the file (default 1), 0 for ever\n"
    "  --no-transport         tell the plugin nothing of the transport\n"
    "  --instances N          as many plugins that all hear the same, 1 to 256; truth is the first one's\n"
    "  --stagger FRAMES       each of them is called from so many frames later on than the one before\n"
    "  --history FRAMES       length of the Ring (default 2097152)\n"
    "  --truth FILE           write what was heard, as JSON lines: bar lines and events, in Ring frames\n"
    "  --stdin                take commands: keep bars N [post] [title], keep seconds S [post] [title],\n"
    "                         preview item|take ID [sync], preview stop, stop, play, track NAME, quit\n"
    "  --output FILE          write what the first plugin puts out: raw 32-bit float, interleaved\n"
    "  --preview-gain DB      -60 to 12 (default 0)\n"
    "  --hold                 after the last frame stop the transport and go on with silence, in real time, until\n"
    "                         standard input closes\n"
    "  --wait-attached S      do not start before the daemon has attached the Ring; at most S seconds\n"
    "  --host-name NAME       (default sidechain-play)\n"
    "  --run-dir DIR          (default: $SIDECHAIN_RUN_DIR, then the user's run directory)\n"
    "  --record-only          talk to no daemon\n"
    "  --json                 one JSON object per line on standard output\n"
    "\n"
    "Script lines ('#' begins a comment; FRAME counts played frames from 0, or is a time like 2.5s at the file's rate):\n"
    "  tempo BPM | meter N D | start ppq X | block N | split on|off | end FRAME\n"
    "  at FRAME tempo BPM | meter N D | jump PPQ | loop START END | loop off | stop | play | rate HZ | offline on|off |\n"
    "           record on|off | preview item|take ID [sync] | preview stop\n"
    "  at FRAME keep bars N [post] [title] | keep seconds S [post] [title]\n"
    "Split on: blocks are cut at events and loop points, as REAPER does. Split off: the transport is told at the start\n"
    "of a block only, whatever happens within it.\n"
    "\n"
    "Exit codes: 0 played to the end or told to quit; 2 wrong usage or script; 3 the file cannot be played;\n"
    "4 the Ring cannot be made; 5 not attached in time.\n";

enum { SCRIPT = 1, TEMPO, METER, START, BLOCK, RANDOM, SPEED, REPEAT, NO_TRANSPORT, INSTANCES, STAGGER, HISTORY, TRUTH, STDIN,
       HOLD, WAIT, HOST, RUN_DIR, RECORD_ONLY, JSON, OUTPUT, PREVIEW_GAIN, HELP_WANTED };

static const struct option LONG[] = {
    {"script", 1, NULL, SCRIPT},       {"tempo", 1, NULL, TEMPO},
    {"meter", 1, NULL, METER},         {"start-ppq", 1, NULL, START},
    {"block", 1, NULL, BLOCK},         {"random-blocks", 1, NULL, RANDOM},
    {"speed", 1, NULL, SPEED},         {"repeat", 1, NULL, REPEAT},
    {"no-transport", 0, NULL, NO_TRANSPORT}, {"instances", 1, NULL, INSTANCES},
    {"stagger", 1, NULL, STAGGER},     {"history", 1, NULL, HISTORY},
    {"truth", 1, NULL, TRUTH},
    {"stdin", 0, NULL, STDIN},         {"hold", 0, NULL, HOLD},
    {"wait-attached", 1, NULL, WAIT},  {"host-name", 1, NULL, HOST},
    {"run-dir", 1, NULL, RUN_DIR},     {"record-only", 0, NULL, RECORD_ONLY},
    {"output", 1, NULL, OUTPUT},       {"preview-gain", 1, NULL, PREVIEW_GAIN},
    {"json", 0, NULL, JSON},           {"help", 0, NULL, HELP_WANTED},
    {NULL, 0, NULL, 0},
};

static bool number(double low, double high, double *value)
{
    char *end;
    *value = strtod(optarg, &end);
    return end != optarg && *end == '\0' && *value >= low && *value <= high;
}

static bool whole(double low, double high, uint32_t *value)
{
    double read;
    if (!number(low, high, &read) || read > floor(read)) return false;
    *value = (uint32_t)read;
    return true;
}

static bool take(int option, sp_options *o)
{
    double value;
    uint32_t count;
    int used = 0;
    switch (option) {
    case SCRIPT: o->script_path = optarg; return true;
    case TEMPO: return number(1.0, 10000.0, &o->bpm);
    case METER:
        return sscanf(optarg, "%u/%u%n", &o->numerator, &o->denominator, &used) == 2 && optarg[used] == '\0' &&
               o->numerator - 1u < 255u && o->denominator - 1u < 128u && (o->denominator & (o->denominator - 1u)) == 0;
    case START: o->has_start_ppq = true; return number(-1e9, 1e9, &o->start_ppq);
    case BLOCK: return whole(1, 16384, &o->block_frames);
    case RANDOM: return whole(1, 4294967295.0, &o->random_seed);
    case SPEED: return number(0.0, 1e6, &o->speed);
    case REPEAT:
        if (!number(0.0, 1e9, &value)) return false;
        o->repeat = (uint64_t)value;
        return true;
    case NO_TRANSPORT: return o->no_transport = true;
    case INSTANCES: return whole(1, SC_MAX_INSTANCES, &o->instances);
    case STAGGER: return whole(0, 4294967295.0, &o->stagger_frames);
    case HISTORY:
        if (!whole(1, 1 << 25, &count)) return false;
        o->history_frames = count;
        return true;
    case TRUTH: o->truth_path = optarg; return true;
    case STDIN: return o->read_stdin = true;
    case HOLD: return o->hold = true;
    case WAIT: return number(0.0, 3600.0, &o->wait_attached_s);
    case HOST: o->host_name = optarg; return true;
    case RUN_DIR: o->run_dir = optarg; return true;
    case RECORD_ONLY: o->record_only = true; return true;
    case OUTPUT: o->output_path = optarg; return true;
    case PREVIEW_GAIN: return number(SC_MIN_GAIN_DB, SC_MAX_GAIN_DB, &o->preview_gain_db);
    case JSON: return o->json = true;
    default: return false;
    }
}

int sp_options_read(int argc, char **argv, sp_options *options)
{
    int option, which = 0;
    *options = (sp_options){.speed = 1.0, .repeat = 1, .instances = 1, .host_name = "sidechain-play"};
    while ((option = getopt_long(argc, argv, "", LONG, &which)) != -1) {
        if (option == HELP_WANTED) {
            fputs(HELP, stdout);
            return SP_DONE;
        }
        if (take(option, options)) continue;
        if (option != '?') fprintf(stderr, "--%s %s is out of range.\n", LONG[which].name, optarg);
        fprintf(stderr, "sidechain-play --help tells the options.\n");
        return SP_BAD_USAGE;
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "Exactly one WAV file is needed; sidechain-play --help tells more.\n");
        return SP_BAD_USAGE;
    }
    options->wav_path = argv[optind];
    return -1;
}

void sp_options_apply(const sp_options *options, sp_script *script)
{
    if (options->bpm > 0.0) script->bpm = options->bpm;
    if (options->numerator) {
        script->numerator = options->numerator;
        script->denominator = options->denominator;
    }
    if (options->has_start_ppq) script->start_ppq = options->start_ppq;
    if (options->block_frames) script->block_frames = options->block_frames;
}
