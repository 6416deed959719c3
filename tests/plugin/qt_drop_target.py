"""A window of Qt 5 that takes files dropped on it, for the system's own Python. Usage: qt_drop_target X Y WIDTH HEIGHT

Each line printed is one JSON object: {"ready": true}, {"over": true} when something has come over it, then for each drop
{"uris": […], "bytes": of the first file}.
"""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "xcb"

from PyQt5.QtGui import QDragEnterEvent, QDropEvent, QPaintEvent
from PyQt5.QtWidgets import QApplication, QWidget


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Target(QWidget):
    is_shown = False

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.is_shown:
            self.is_shown = True
            say(ready=True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            say(over=True)

    def dropEvent(self, event: QDropEvent) -> None:
        urls = event.mimeData().urls()
        with open(urls[0].toLocalFile(), "rb") as file:
            size_bytes = len(file.read())
        event.acceptProposedAction()
        say(uris=[bytes(url.toEncoded()).decode() for url in urls], bytes=size_bytes)


def main(x: int, y: int, width: int, height: int) -> None:
    application = QApplication(sys.argv[:1])
    window = Target()
    window.setAcceptDrops(True)
    window.setGeometry(x, y, width, height)
    window.show()
    sys.exit(application.exec())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
