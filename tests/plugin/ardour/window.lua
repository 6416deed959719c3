-- A session for Ardour's own window to open: one track with the counter and behind it the plugin (T_PLUGIN, a VST3), heard without
-- being recorded, at T_BPM. Which backend it was made with is left out: Ardour would ask about it.
local folder = assert (os.getenv ("T_SESSION"))
local backend = AudioEngine:set_backend ("None (Dummy)", "", "")
backend:set_sample_rate (48000)
backend:set_buffer_size (256)
local session = assert (create_session (folder, "session", 48000))

local map = Temporal.TempoMap.fetch_writable ()
local bpm = tonumber (os.getenv ("T_BPM"))
map:set_tempo (Temporal.Tempo (bpm, bpm, 4), Temporal.timepos_t (0))
Temporal.TempoMap.update (map)
map = nil

local tracks = session:new_audio_track (2, 2, nil, 1, "Lead", -1, ARDOUR.TrackMode.Normal, true)
local track = tracks:front ()
track:monitoring_control ():set_value (1, PBD.GroupControlDisposition.NoGroup)
local counter = ARDOUR.LuaAPI.new_luaproc (session, "Sidechain test counter")
local plugin = ARDOUR.LuaAPI.new_plugin (session, os.getenv ("T_PLUGIN"), ARDOUR.PluginType.VST3, "")
for place, processor in ipairs { counter, plugin } do
	assert (not processor:isnil (), "the counter or the plugin is missing")
	track:add_processor_by_index (processor, place - 1, nil, true)
end
session:save_state ("")
tracks, track, counter, plugin = nil, nil, nil, nil
collectgarbage ()
close_session ()
quit ()
