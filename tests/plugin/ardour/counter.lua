ardour {
	["type"] = "dsp", name = "Sidechain test counter", category = "Utility", license = "MIT", author = "Sidechain",
	description = [[Left: the session's frame, right: minus the frames made so far, in units of 2^-24, exact in float32.]]
}

function dsp_ioconfig () return { { audio_in = 2, audio_out = 2 } } end

local made = 0
local unit = 1 / 16777216

function dsp_run (ins, outs, n_samples)
	local first = Session:transport_sample ()
	local rolling = Session:transport_rolling ()
	local left, right = outs[1]:array (), outs[2]:array ()
	for i = 1, n_samples do
		left[i] = rolling and (first + i - 1) * unit or 0
		right[i] = -made * unit
		made = made + 1
	end
end
