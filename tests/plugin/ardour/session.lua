-- A session of one track: the counter, then the plugin; and, if wanted, the plugin once more on the master bus, which hears
-- what the session puts out. Rolls, says so on stderr, and carries out one command a line of its standard input:
--   record on|off            arms the track and the transport
--   export SECONDS FOLDER    stops, renders that much from the start offline to FOLDER/session.wav, and rolls again
--   end
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
track:monitoring_control ():set_value (1, PBD.GroupControlDisposition.NoGroup) -- input: heard while it records, too
local counter = ARDOUR.LuaAPI.new_luaproc (s, "Sidechain test counter")
assert (not counter:isnil (), "the counter script is missing")
track:add_processor_by_index (counter, 0, nil, true)
local kind = setting ("T_FORMAT") == "vst3" and ARDOUR.PluginType.VST3 or ARDOUR.PluginType.LV2
local function add_plugin (route, place)
	local plugin = ARDOUR.LuaAPI.new_plugin (s, setting ("T_PLUGIN"), kind, "")
	assert (not plugin:isnil (), "the plugin is missing")
	route:add_processor_by_index (plugin, place, nil, true)
end
add_plugin (track, 1)
if setting ("T_MASTER") == "1" then
	sleep (1) -- so that it has heard less: it is told apart by that
	add_plugin (s:master_out (), 0)
end

local ui = ARDOUR.TransportRequestSource.TRS_UI
local function roll_from (frame)
	s:request_locate (frame, false, ARDOUR.LocateTransportDisposition.MustStop, ui)
	sleep (1)
	s:request_roll (ui)
end

local commands = {}
function commands.record (on)
	track:rec_enable_control ():set_value (on == "on" and 1 or 0, PBD.GroupControlDisposition.NoGroup)
	if on == "on" then s:maybe_enable_record (false) else s:disable_record (false, false) end
end
function commands.export (seconds, folder)
	s:request_stop (false, false, ui)
	sleep (1)
	local export = s:simple_export ()
	export:set_folder (folder)
	export:set_name ("session")
	export:set_range (0, tonumber (seconds) * 48000)
	assert (export:set_preset ("b3280899-7d10-4f2d-9f0b-4f2b6a6f5c1e"), "the export's preset is missing")
	assert (export:check_outputs (), "nothing to export")
	assert (export:run_export (), "the export failed")
	roll_from (tonumber (setting ("T_START")))
end

roll_from (tonumber (setting ("T_START")))
say ("rolling")
for line in io.lines () do
	local words = {}
	for word in line:gmatch ("%S+") do words[#words + 1] = word end
	if words[1] == "end" then break end
	local done, why = pcall (commands[words[1]], words[2], words[3])
	say (done and "done" or "failed: " .. tostring (why))
end
say ("ending")
s:request_stop (false, false, ui)
tracks, track, counter, commands = nil, nil, nil, nil
collectgarbage ()
close_session ()
quit ()
