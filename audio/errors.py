"""What can go wrong with a piece of audio. Both texts are sentences for the person who gave us the audio."""


class AudioError(Exception):
    """Anything this package refuses or fails to do."""


class UnsupportedAudio(AudioError):
    """The audio itself is outside what Sidechain handles; another file or setting will work.

    reason: one sentence that says what is wrong and what to do next.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class EncodingFailed(AudioError):
    """An encoder or decoder broke its promise; the audio is fine and the take is untouched.

    codec: "mp3" or "flac"; reason: one sentence.
    """

    def __init__(self, codec: str, reason: str) -> None:
        super().__init__(codec, reason)
        self.codec = codec
        self.reason = reason

    def __str__(self) -> str:
        return f"The {self.codec} encoder failed: {self.reason}"
