"""What kind of file bytes are, by how they begin; and the names of kinds that are not read."""

import re

READ = "a WAV, FLAC, AIFF, Ogg or MP3 file"

# How what we read in parts of our own begins.
RIFF_START = re.compile(rb"(?:RIFF|RIFX|RF64|BW64)....WAVE|FORM....AIF[FC]", re.DOTALL)
FLAC_START = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22", re.DOTALL)
OGG_START = re.compile(rb"OggS\x00[\x00-\x07]", re.DOTALL)
VOC_START = re.compile(rb"Creative Voice File\x1a")

# Kinds that libsndfile reads as they are: they begin with one of these.
_TAKEN_AS_IT_IS = (
    b".snd",
    b"dns.",
    b"caff",
    b"riff\x2e\x91\xcf\x11",
    b"FORM",
    b"NIST_1A",
    b"2BIT",
    b" paf",
    b"fap ",
    b"PVF1",
    b"Extended Instrument",
    b"ALawSoundFile",
    b"\xf0\x7e",
    b"MATLAB 5.0",
    b"\x64\xa3",
    b"\x00\x00\xa3\x64",
)

# (pattern, its name): what people take for audio, or have in its place.
_NAMES: list[tuple[re.Pattern[bytes], str]] = [
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), name)
    for pattern, name in [
        (rb"....ftyp(?:M4A|M4B|mp4|isom|iso2|dash|M4V|avc1|MSNV|3g)", "M4A/MP4 (AAC or ALAC)"),
        (rb"....ftypqt|....(?:moov|mdat|wide|free)", "M4A, MP4 or QuickTime"),
        (rb"....ftyp(?:heic|heix|mif1|avif)", "a picture (HEIC or AVIF)"),
        (rb"....ftyp", "M4A/MP4"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (Windows Media)"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "raw AAC (ADTS)"),
        (rb"ADIF", "raw AAC (ADIF)"),
        (rb"\x56[\xe0-\xff]", "raw AAC (LOAS)"),
        (rb"\x1a\x45\xdf\xa3", "Matroska or WebM"),
        (rb"MAC ", "Monkey's Audio (APE)"),
        (rb"wvpk", "WavPack"),
        (rb"MPCK|MP\+", "Musepack"),
        (rb"TTA[12]", "True Audio (TTA)"),
        (rb"OFR ", "OptimFROG"),
        (rb"DSD |FRM8", "DSD (DSF or DFF)"),
        (rb"#!AMR", "AMR"),
        (rb"FLV\x01", "Flash video (FLV)"),
        (rb"\x47.{187}\x47.{187}\x47", "an MPEG transport stream, a film or broadcast"),
        (rb"\x00\x00\x01\xba", "an MPEG program stream, a film"),
        (rb"\x00\x05\x16[\x00\x07]\x00", "what a Mac keeps beside a file (AppleDouble), not the file itself"),
        (rb"\x0b\x77", "Dolby Digital (AC-3)"),
        (rb"\x7f\xfe\x80\x01", "DTS"),
        (rb"\.RMF|\.ra\xfd", "RealAudio"),
        (rb"MThd", "MIDI, which has notes and no sound"),
        (rb"CAT ....REX2", "REX2 (ReCycle)"),
        (rb"RIFF....AVI ", "AVI, a film"),
        (rb"RIFF....WEBP", "a picture (WebP)"),
        (rb"RIFF....RMID", "MIDI, which has notes and no sound"),
        (rb"RIFF....sfbk", "a SoundFont"),
        (rb"FLhd", "a project of FL Studio"),
        (rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\x00\x00\x00\x00", "a picture"),
        (rb"%PDF", "PDF"),
        (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "a compressed archive"),
        (rb"\x7fELF|MZ", "a program"),
        (
            rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<head|<body)",
            "a web page (HTML), not the file behind it",
        ),
        (rb"(?:\xef\xbb\xbf)?\s*<\?xml", "XML"),
        (rb"\xff\xfe(?:[\t\n\r -~]\x00){4}|\xfe\xff(?:\x00[\t\n\r -~]){4}", "text"),
        (rb"(?:\xef\xbb\xbf)?\s*[{\[][\s\"\[{\]}]", "JSON"),
    ]
]

_WAVE_CODINGS = {
    0x0002: "Microsoft ADPCM",
    0x0160: "WMA",
    0x0161: "WMA",
    0x0162: "WMA",
    0x00FF: "AAC",
    0x1600: "AAC",
    0x1610: "AAC",
    0x2000: "Dolby Digital (AC-3)",
    0x2001: "DTS",
    0x0022: "TrueSpeech",
    0x0045: "G.726 ADPCM",
    0x0064: "G.726 ADPCM",
    0x028F: "G.722 ADPCM",
    0x0270: "ATRAC3",
    0x1602: "AAC",
    0xF1AC: "FLAC",
}


def name_of(data: bytes) -> str | None:
    """What these bytes are when we know the kind and do not read it, else None. [any]"""
    head = data[:512]
    return next((name for pattern, name in _NAMES if pattern.match(head)), None)


# What a CAF file says of its coding.
_CAF_CODINGS = {b"alac": "ALAC", b"aac ": "AAC", b".mp3": "MP3", b"opus": "Opus", b"ima4": "IMA ADPCM"}


def name_of_caf(data: bytes) -> str | None:
    """The coding of the CAF file that begins here; None when it is no such file, or plain PCM. [any]"""
    coding = data[28:32]
    if data[:4] != b"caff" or data[8:12] != b"desc" or coding == b"lpcm":
        return None
    return _CAF_CODINGS.get(coding, coding.decode("latin-1").strip())


def is_text(data: bytes) -> bool:
    """Whether the beginning is plain text."""
    head = data[:512]
    return bool(head) and all(byte in b"\t\n\r\x0c" or byte >= 32 for byte in head) and b"\xff" not in head


def is_taken_as_it_is(data: bytes, at: int = 0) -> bool:
    """Whether from this byte on there is a kind that libsndfile reads and that needs no help."""
    return data.startswith(_TAKEN_AS_IT_IS, at)


def name_of_coding(tag: int) -> str:
    """The name of a WAVE format tag."""
    return _WAVE_CODINGS.get(tag, f"coding 0x{tag:04X}")
