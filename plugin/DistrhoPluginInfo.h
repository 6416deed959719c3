/* What DPF wants to know at compile time. The Makefile sets SIDECHAIN_CHANNELS: 2, or 1 for the mono plugin, which
   is a plugin of its own because a DPF plugin has one fixed number of channels. Every identifier here is saved in
   people's projects: never change one. */
#ifndef DISTRHO_PLUGIN_INFO_H_INCLUDED
#define DISTRHO_PLUGIN_INFO_H_INCLUDED

#ifndef SIDECHAIN_CHANNELS
#  error "Build with the Makefile here: it sets SIDECHAIN_CHANNELS."
#endif

#define DISTRHO_PLUGIN_BRAND "Sidechain"
#if SIDECHAIN_CHANNELS == 1
#  define DISTRHO_PLUGIN_NAME "Sidechain (mono)"
#  define DISTRHO_PLUGIN_URI "urn:sidechain:plugin:mono"
#  define DISTRHO_PLUGIN_CLAP_ID "sidechain.plugin.mono"
#  define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx|Tools|Mono"
#  define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect", "utility", "mono"
#else
#  define DISTRHO_PLUGIN_NAME "Sidechain"
#  define DISTRHO_PLUGIN_URI "urn:sidechain:plugin"
#  define DISTRHO_PLUGIN_CLAP_ID "sidechain.plugin"
#  define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx|Tools|Stereo"
#  define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect", "utility", "stereo"
#endif
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:UtilityPlugin"

#define DISTRHO_PLUGIN_NUM_INPUTS SIDECHAIN_CHANNELS
#define DISTRHO_PLUGIN_NUM_OUTPUTS SIDECHAIN_CHANNELS
#if SIDECHAIN_WINDOW
#  define DISTRHO_PLUGIN_HAS_UI 1
#  define DISTRHO_PLUGIN_WANT_DIRECT_ACCESS 1 /* the window reads the Ring of its own process */
#  define DISTRHO_UI_USE_NANOVG 1
#  define DISTRHO_UI_USER_RESIZABLE 1
#  define DISTRHO_UI_DEFAULT_WIDTH 760
#  define DISTRHO_UI_DEFAULT_HEIGHT 600
#else
#  define DISTRHO_PLUGIN_HAS_UI 0
#endif
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_WANT_TIMEPOS 1

#ifdef DISTRHO_PLUGIN_TARGET_CLAP
#  define DISTRHO_PLUGIN_WANT_STATE 1 /* else DPF's CLAP saves no parameters; there are no states beside them */
#endif

#endif
