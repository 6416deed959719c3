-- A session of one track: the counter, then the plugin. Rolls, says so on stderr, and stays until it is told to end.
-- Settings come by the environment; see tests/support/ardour.py.

local function setting (name)
	local value = assert (os.getenv (name), name)
	return value
end
local function say (what) io.stderr:write (what .. "\n") end

local backend = AudioEngine:set_backend ("None (Dummy)", "sidechain", "")
backend:set_sample_rate (48000)
backend:set_buffer_size (256)
local s = assert (create_session (setting ("T_SESSION"), "test", 48000))

local map = Temporal.TempoMap.fetch_writable ()
local bpm = tonumber (setting ("T_BPM"))
map:set_tempo (Temporal.Tempo (bpm, bpm, 4), Temporal.timepos_t (0))
map:set_meter (Temporal.Meter (tonumber (setting ("T_NUMERATOR")), tonumber (setting ("T_DENOMINATOR"))), Temporal.timepos_t (0))
Temporal.TempoMap.update (map)
map = nil

local tracks = s:new_audio_track (2, 2, nil, 1, "sidechain", -1, ARDOUR.TrackMode.Normal, true)
local track = tracks:front ()
local counter = ARDOUR.LuaAPI.new_luaproc (s, "Sidechain test counter")
assert (not counter:isnil (), "the counter script is missing")
track:add_processor_by_index (counter, 0, nil, true)
local kind = setting ("T_FORMAT") == "vst3" and ARDOUR.PluginType.VST3 or ARDOUR.PluginType.LV2
local plugin = ARDOUR.LuaAPI.new_plugin (s, setting ("T_PLUGIN"), kind, "")
assert (not plugin:isnil (), "the plugin is missing")
track:add_processor_by_index (plugin, 1, nil, true)

s:request_locate (tonumber (setting ("T_START")), false, ARDOUR.LocateTransportDisposition.MustStop, ARDOUR.TransportRequestSource.TRS_UI)
sleep (1)
s:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
say ("rolling")
local deadline = os.time () + 60
while os.time () < deadline do
	local told = io.open (setting ("T_SESSION") .. ".end", "r")
	if told then told:close () break end
	sleep (1)
end
say ("ending")
s:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
tracks, track, counter, plugin = nil, nil, nil, nil
collectgarbage ()
close_session ()
quit ()
