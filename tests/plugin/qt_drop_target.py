"""A text editor of Qt 5 as Qt ships it, for the system's own Python: what is dropped on it is taken by Qt's code alone, and stands in
it as text. Usage: qt_drop_target X Y WIDTH HEIGHT

Each line printed is one JSON object: {"ready": true}, then for each drop {"uris": […], "bytes": of the first file}.
"""

import json
import os
import sys
import urllib.parse

os.environ["QT_QPA_PLATFORM"] = "xcb"

from PyQt5.QtCore import QEvent, QObject
from PyQt5.QtWidgets import QApplication, QPlainTextEdit


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Shown(QObject):
    """Says so once it is drawn for the first time."""

    said = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Paint and not self.said:
            self.said = True
            say(ready=True)
        return False


def main(x: int, y: int, width: int, height: int) -> None:
    application = QApplication(sys.argv[:1])
    editor = QPlainTextEdit()
    editor.setGeometry(x, y, width, height)

    def changed() -> None:
        uris = editor.toPlainText().splitlines()
        first = urllib.parse.unquote(urllib.parse.urlsplit(uris[0]).path) if uris else ""
        with open(first, "rb") as file:
            say(uris=uris, bytes=len(file.read()))

    shown = Shown()
    editor.viewport().installEventFilter(shown)
    editor.textChanged.connect(changed)
    editor.show()
    sys.exit(application.exec())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
