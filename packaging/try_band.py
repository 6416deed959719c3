"""Follow docs/operator/band.md to the letter: two friends on two machines, which are network namespaces joined by one wire.

    python packaging/try_band.py        (as root)

Each line of its code blocks is typed as it stands there, by the friend whose it is, but for what a person replaces: the address of
the source, which is this tree and its environment, and the fingerprint, which is the one that was printed. The browser is a program that fills
in forms. Ends with one line of JSON; an assertion that does not hold is what is wrong with the page, or with us.
"""

import json
import os
import pty
import re
import select
import shlex
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "operator" / "band.md"
INSIDE = "SIDECHAIN_BAND_INSIDE"
URL, ADDRESSES = "https://192.168.1.20:8700", {"mira": "192.168.1.20", "ben": "192.168.1.21"}
PASSWORD = "eight bars at night"
LIMIT_S = 120.0


def main() -> None:
    """Once more in namespaces of its own, and there all of it."""
    if os.environ.get(INSIDE) is None:
        command = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
        env = os.environ | {INSIDE: "1"}
        sys.exit(subprocess.run([*command, sys.executable, *sys.argv], check=False, env=env).returncode)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdc-band-")))
        wire()
        mira, ben = (Friend(name, folder / name) for name in ADDRESSES)
        print(json.dumps(go_through(stack, mira, ben)))


def wire() -> None:
    """Two machines, and a cable between them."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for line in (
        *(f"netns add {name}" for name in ADDRESSES),
        "link add mira0 netns mira type veth peer name ben0 netns ben",
        *(f"-n {name} addr add {address}/24 dev {name}0" for name, address in ADDRESSES.items()),
        *(f"-n {name} link set {name}0 up" for name in ADDRESSES),
        *(f"-n {name} link set lo up" for name in ADDRESSES),
    ):
        subprocess.run(["ip", *line.split()], check=True)


class Friend:
    """Somebody at their own machine, with a home of their own."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        (home / "run").mkdir(parents=True)
        (home / "run").chmod(0o700)

    def command(self, line: str) -> list[str]:
        env = {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "SYSTEMD_OFFLINE": "1",
        }
        named = [f"{name}={value}" for name, value in env.items()]
        return [
            "ip",
            "netns",
            "exec",
            self.name,
            "env",
            "-i",
            "-C",
            str(self.home),
            *named,
            "bash",
            "-c",
            line,
        ]

    def types(self, line: str) -> str:
        """What it prints; raises AssertionError with all of it when it fails."""
        print(f"{self.name}$ {line}", file=sys.stderr, flush=True)
        done = subprocess.run(
            self.command(line),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def leaves_running(self, line: str, until: str) -> Iterator[None]:
        """From the moment on in which it has said that."""
        print(f"{self.name}$ {line}", file=sys.stderr, flush=True)
        with subprocess.Popen(
            self.command(f"exec {line}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                said = process.stdout.readline()
                assert until in said, said
                yield
            finally:
                process.terminate()

    def answers(self, line: str, seen: Callable[[str], None]) -> str:
        """At a terminal, taking what each question offers. seen: is given all that was shown so far, again and again."""
        print(f"{self.name}$ {line}", file=sys.stderr, flush=True)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.command(line), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        shown, answered = "", 0
        try:
            while select.select([ours], [], [], LIMIT_S)[0]:
                try:
                    shown += os.read(ours, 4096).decode(errors="replace")
                except OSError:  # EIO: the other end is closed
                    break
                seen(shown)
                if len(shown) > answered and re.search(r"[?\]]:? ?$|: $", shown[answered:]):
                    answered = len(shown)
                    os.write(ours, b"\n")
            assert process.wait(LIMIT_S) == 0, shown
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        return shown


# the page -----------------------------------------------------------------------------------------------------------------


def lines_of(number: int) -> list[str]:
    """What is to be typed in a section of the page, but for the two lines that fetch and install what is here already."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {number}. ")[2].partition("\n## ")[0]
    lines = re.findall(r"(?m)^    (\S.*)$", text)
    return [line for line in lines if not line.startswith(("git clone ", "make setup "))]


def go_through(stack: ExitStack, mira: Friend, ben: Friend) -> dict[str, float | int]:
    """Seconds of each part."""
    figures: dict[str, float | int] = {}
    began = time.monotonic()
    setup, serve = lines_of(1)
    printed = mira.types(setup)
    admin, invite = re.findall(rf"^  ({re.escape(URL)}/\S+)$", printed, re.MULTILINE)
    (own,) = re.findall(
        r"^  (sidechain setup --relay \S+ --fingerprint [0-9a-f]{32})$", printed, re.MULTILINE
    )
    stack.enter_context(mira.leaves_running(serve, "The relay listens"))
    figures["relay_s"] = round(time.monotonic() - began, 1)
    browsers = {
        friend.name: stack.enter_context(Browser(friend, mira.home).opened()) for friend in (mira, ben)
    }
    browsers["mira"].does("password", admin, "")
    browsers["ben"].does("password", invite, "ben")
    (typed,) = lines_of(3)
    assert re.sub("[0-9a-f]{32}", "", typed) == re.sub("[0-9a-f]{32}", "", own), (
        "the page's line is the printed one"
    )
    began = time.monotonic()
    for friend in (mira, ben):
        said = friend.answers(own, browsers[friend.name].types_the_code)
        assert re.search(rf"account +{friend.name}\b", said), said
        stack.callback(friend.types, "sidechain down")
    figures["two_devices_s"] = round(time.monotonic() - began, 1)
    began = time.monotonic()
    of_mira, of_ben = lines_of(4)[:2], lines_of(4)[2:]
    for line in of_mira:
        mira.types(line)
    figures["play_keep_post_s"] = round(time.monotonic() - began, 1)
    began = time.monotonic()
    for line in of_ben[:-1]:
        ben.types(line)
    until(lambda: "first idea" in ben.types(of_ben[-1]), "ben's feed shows what mira posted")
    figures["heard_after_s"] = round(time.monotonic() - began, 1)
    (post,) = json.loads(ben.types(f"{of_ben[-1]} --json"))["items"]
    heard = browsers["ben"].does("sound", f"{URL}/api/v1/audio/{post['post_id']}", "")
    assert int(heard) > 10_000, f"an MP3 of eight bars, not {heard} bytes"
    figures["sound_bytes"] = int(heard)
    status = json.loads(mira.types("sidechain relay status --data ~/band --json"))
    assert status["well"] and (status["accounts"], status["posts"]) == (2, 1), status
    assert mira.types("sidechain relay users link ben --data ~/band").startswith(f"{URL}/reset-password/")
    return figures


class Browser:
    """One that trusts the certificate after a look at it, in somebody's machine."""

    def __init__(self, friend: Friend, relay_home: Path) -> None:
        words = [
            sys.executable,
            str(HERE / "try_band.py"),
            "--browser",
            str(relay_home / "band" / "certificate.pem"),
        ]
        self._command = friend.command(shlex.join(words))
        self._typed = ""

    @contextmanager
    def opened(self) -> "Iterator[Browser]":
        with subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as self._process:
            yield self
            assert self._process.stdin is not None
            self._process.stdin.close()

    def does(self, *words: str) -> str:
        """One deed, and what came of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        answer = self._process.stdout.readline()
        assert answer, f"the browser could not {words}"
        return str(json.loads(answer))

    def types_the_code(self, shown: str) -> None:
        """Once one is shown: open the page, type it, say yes."""
        found = re.search(r"Open (\S+) in any browser, and type:\s+([A-Z]{4}-[A-Z]{4})", shown)
        if found is not None and found[2] != self._typed:
            self._typed = found[2]
            self.does("code", found[1], found[2])


def browse(certificate: str) -> None:
    """The process of a Browser: a deed a line."""
    import httpx

    from tests.support.claims import FormBrowser, last_form

    browser = FormBrowser(URL)
    trusted = ssl.create_default_context(cafile=certificate)
    headers = browser.http.headers
    browser.http.close()
    browser.http = httpx.Client(
        base_url=URL, trust_env=False, verify=trusted, headers=headers, timeout=LIMIT_S
    )

    def fill_in(url: str, **fields: str) -> Any:
        answer = browser.http.get(url)
        for _ in range(3):
            if not answer.is_redirect:
                break
            answer = browser.http.get(answer.headers["location"])
        action, hidden = last_form(answer.text, "/")
        return browser.http.post(action, data={**hidden, **fields})

    def do(what: str, url: str, word: str) -> object:
        match what:
            case "password":
                fields = {"username": word} if word else {}
                answer = fill_in(url, password=PASSWORD, **fields)
                assert answer.status_code == 303, answer.text
                return answer.status_code
            case "code":
                asked = fill_in(url, user_code=word)
                page = browser.http.get(asked.headers["location"]) if asked.is_redirect else asked
                answer = browser.press(page)
                assert answer.status_code in (200, 303), answer.text
                return answer.status_code
            case _:
                answer = browser.http.get(browser.http.get(url).json()["audio_url"])
                assert answer.status_code == 200 and answer.headers["content-type"] == "audio/mpeg"
                return len(answer.content)

    with browser.http:
        for line in sys.stdin:
            print(json.dumps(do(*json.loads(line))), flush=True)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline, f"nothing came of: {what}"
        time.sleep(0.2)


if __name__ == "__main__":
    browse(*sys.argv[2:]) if sys.argv[1:2] == ["--browser"] else main()
