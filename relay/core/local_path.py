"""Where a browser may be sent after signing in: to a path of ours and nowhere else."""

MAX_PATH_CHARS = 2048


def local_path(text: str) -> str:
    """`text` when it is a path on this relay, else "/". [any]

    Browsers read a backslash as a slash and drop tabs and line ends, so "/\\evil.example" leaves the site.
    """
    fine = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if fine and len(text) <= MAX_PATH_CHARS and text.isascii() and text.isprintable() else "/"
