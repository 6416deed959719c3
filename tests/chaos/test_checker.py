"""The judge of chaos runs has eyes: whatever is planted is found, by the invariant it breaks, and clean runs pass."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import INVARIANTS, judge
from tests.support.deadlines import HANG_S

Run = dict[str, Any]
OWL = "night.owl"


def clean() -> Run:
    """Six asks: two posted, one only kept, one refused, one without an answer that came to be, one that did not."""
    asks = [
        ("one", True, "ok"),
        ("two", True, "ok"),
        ("quiet", False, "ok"),
        ("refused", True, "fail"),
        ("perhaps", True, "info"),
        ("never", True, "info"),
    ]
    history: list[dict[str, Any]] = []
    for number, (title, post, outcome) in enumerate(asks):
        history.append({"what": "ask", "id": number, "title": title, "post": post, "accounts": [OWL]})
        take_id = f"take {title}" if outcome == "ok" else None
        history.append(
            {"what": "answer", "id": number, "outcome": outcome, "take_id": take_id, "accounts": [OWL]}
        )
    posted = ["one", "two", "perhaps"]
    start = {"epoch": "e", "head": [0, 0], "recovered": True}
    later = {"epoch": "e", "head": [3, 0], "recovered": True}
    history.append({"what": "connected", "who": "probe", **start})
    for offset, title in enumerate(posted, 1):
        if offset == 3:
            history.append({"what": "connected", "who": "probe", **later})
        event = {"epoch": "e", "place": [offset, 0], "post": f"post {title}"}
        history.append({"what": "heard", "who": "probe", **event})
        history.append({"what": "arrived", "who": "b", "post": f"post {title}"})
    kept = [*posted, "quiet"]
    final = {
        "takes": [
            {
                "take_id": f"take {t}",
                "title": t,
                "as_played": True,
                "flac_sha256": f"hash {t}",
                "flac_found": f"hash {t}",
            }
            for t in kept
        ],
        "entries": [
            {
                "entry_id": f"entry {t}",
                "take_id": f"take {t}",
                "title": t,
                "state": "accepted",
                "reason": None,
                "sha256": f"hash {t}",
                "post_id": f"post {t}",
            }
            for t in posted
        ],
        "posts": [{"id": f"post {t}", "title": t, "account": OWL} for t in posted],
        "uploads": [{"key": f"entry {t}", "sha256": f"hash {t}", "post_id": f"post {t}"} for t in posted],
        "objects": {"cafe": "cafe"},
        "log": {"epoch": "e", "events": [[1, 0, "post one"], [2, 0, "post two"], [3, 0, "post perhaps"]]},
        "feeds": {"b": ["post perhaps", "post two", "post one"]},
        "feed_limit": 100,
        "strays": {"folders without a row": [], "segments": []},
        "integrity": {"a": "ok"},
    }
    return {"history": history, "final": final}


def condemned(run: Run) -> set[str]:
    return {name[:2] for name, wrong in judge(run["history"], run["final"]).items() if wrong}


def change(run: Run, path: str, value: Any) -> None:
    """Set what lies at a path like "final.posts.0.title"."""
    *way, last = path.split(".")
    at: Any = run
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value


def without_post(run: Run) -> None:
    """The post of "two" never was, though its entry says so."""
    final = run["final"]
    final["posts"] = [post for post in final["posts"] if post["title"] != "two"]
    final["feeds"]["b"] = ["post perhaps", "post one"]
    run["history"] = [
        record for record in run["history"] if record.get("post") != "post two" or "id" in record
    ]


def halted_without_reason(run: Run) -> None:
    without_post(run)
    change(run, "final.entries.1.state", "needs_attention")


def heard(run: Run) -> list[dict[str, Any]]:
    return [record for record in run["history"] if record["what"] in ("heard", "arrived", "connected")]


def swapped(run: Run, what: str) -> None:
    places = [n for n, record in enumerate(run["history"]) if record["what"] == what]
    one, two = places[:2]
    run["history"][one], run["history"][two] = run["history"][two], run["history"][one]


def dropped(run: Run, what: str, place: int) -> None:
    found = [record for record in run["history"] if record["what"] == what]
    run["history"].remove(found[place])


PLANTED: dict[str, tuple[str, Callable[[Run], None]]] = {
    "an acknowledged take is gone": ("I1", lambda run: run["final"]["takes"].pop(3)),
    "an acknowledged take is another one": ("I1", lambda run: change(run, "final.takes.3.title", "other")),
    "a take sounds otherwise": ("I1", lambda run: change(run, "final.takes.0.as_played", False)),
    "two posts of one keep": (
        "I1",
        lambda run: run["final"]["posts"].insert(0, {"id": "post again", "title": "one", "account": OWL}),
    ),
    "two posts of an unanswered keep": (
        "I1",
        lambda run: run["final"]["posts"].append({"id": "post again", "title": "perhaps", "account": OWL}),
    ),
    "a refused keep is a post": (
        "I1",
        lambda run: run["final"]["posts"].insert(
            0, {"id": "post refused", "title": "refused", "account": OWL}
        ),
    ),
    "accepted without a post": ("I1", without_post),
    "halted without a reason": ("I1", halted_without_reason),
    "an acknowledged post is not in the outbox": ("I1", lambda run: run["final"]["entries"].pop(0)),
    "a post of nobody": (
        "I2",
        lambda run: run["final"]["posts"].insert(0, {"id": "post x", "title": "nobody's", "account": OWL}),
    ),
    "a post of what was only kept": (
        "I2",
        lambda run: run["final"]["posts"].insert(0, {"id": "post q", "title": "quiet", "account": OWL}),
    ),
    "other sound arrived": ("I3", lambda run: change(run, "final.uploads.0.sha256", "hash of what")),
    "the copy has rotted": ("I3", lambda run: change(run, "final.takes.3.flac_found", None)),
    "an object has rotted": ("I3", lambda run: change(run, "final.objects.cafe", "babe")),
    "accepted as another post": ("I3", lambda run: change(run, "final.uploads.0.post_id", "post two")),
    "never uploaded": ("I3", lambda run: run["final"]["uploads"].pop(0)),
    "another account's post": ("I4", lambda run: change(run, "final.posts.0.account", "day.lark")),
    "an unanswered keep posted by another": (
        "I4",
        lambda run: change(run, "final.posts.2.account", "day.lark"),
    ),
    "an event was skipped": ("I5", lambda run: dropped(run, "heard", 1)),
    "the last event was not heard": ("I5", lambda run: dropped(run, "heard", 2)),
    "events out of order": ("I5", lambda run: swapped(run, "heard")),
    "an event twice": ("I5", lambda run: run["history"].append(copy.deepcopy(heard(run)[1]))),
    "arrived twice": (
        "I5",
        lambda run: run["history"].append({"what": "arrived", "who": "b", "post": "post one"}),
    ),
    "arrived out of order": ("I5", lambda run: swapped(run, "arrived")),
    "arrived without a post": (
        "I5",
        lambda run: run["history"].append({"what": "arrived", "who": "b", "post": "post of dreams"}),
    ),
    "a new epoch without a word": ("I5", lambda run: change(heard(run)[5], "epoch", "f")),
    "the feed lacks one": ("I5", lambda run: run["final"]["feeds"]["b"].pop()),
    "the feed is upside down": ("I5", lambda run: run["final"]["feeds"]["b"].reverse()),
    "a stray folder": ("I6", lambda run: run["final"]["strays"]["folders without a row"].append("x")),
    "a damaged database": ("I6", lambda run: change(run, "final.integrity.a", "row 3 missing")),
    "an entry that never ends": (
        "I6",
        lambda run: run["final"]["entries"].append(
            {
                "entry_id": "e",
                "take_id": "take never",
                "title": "never",
                "state": "uploading",
                "reason": None,
                "sha256": "hash",
                "post_id": None,
            }
        ),
    ),
}


def test_a_clean_run_passes() -> None:
    assert condemned(clean()) == set()


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    invariant, plant = PLANTED[name]
    run = clean()
    plant(run)
    assert invariant in condemned(run)


def test_every_invariant_has_its_plant() -> None:
    assert {invariant for invariant, _ in PLANTED.values()} == {name[:2] for name in INVARIANTS}


@pytest.mark.parametrize("state", ["quarantined", "needs_attention", "discarded"])
def test_a_post_that_visibly_came_to_a_halt_is_right(state: str) -> None:
    run = clean()
    without_post(run)
    change(run, "final.log.events", [[1, 0, "post one"], [2, 0, "post perhaps"]])
    change(run, "final.entries.1.state", state)
    change(run, "final.entries.1.reason", "a reason that is shown")
    for record in heard(run):
        if record["what"] == "heard" and record["place"] == [3, 0]:
            record["place"] = [2, 0]
        if record["what"] == "connected" and record["head"] == [3, 0]:
            record["head"] = [2, 0]
    assert condemned(run) == set()


def test_a_gap_that_was_told_of_is_right() -> None:
    run = clean()
    told = {"epoch": "e", "head": [2, 0], "recovered": False}
    dropped(run, "heard", 1)
    place = run["history"].index(heard(run)[3])
    run["history"].insert(place, {"what": "connected", "who": "probe", **told})
    assert condemned(run) == set()


def test_nobodys_post_may_be_anybodys() -> None:
    run = clean()
    for record in run["history"]:
        if record.get("id") == 0:
            record["accounts"] = [None, OWL]
    change(run, "final.posts.0.account", "day.lark")
    assert condemned(run) == set()


def test_as_a_program_it_says_a_line_for_each_and_exits_by_it(tmp_path: Path) -> None:
    def said(run: Run) -> tuple[int, list[str]]:
        (tmp_path / "h").write_text("".join(json.dumps(record) + "\n" for record in run["history"]))
        (tmp_path / "f").write_text(json.dumps(run["final"]))
        ran = subprocess.run(
            [sys.executable, "-m", "tests.chaos.checker", str(tmp_path / "h"), str(tmp_path / "f")],
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG_S,
            cwd=Path(__file__).parents[2],
        )
        return ran.returncode, ran.stdout.splitlines()

    code, lines = said(clean())
    assert (code, [line[:2] for line in lines[1:]]) == (0, ["I1", "I2", "I3", "I4", "I5", "I6"])
    run = clean()
    run["final"]["posts"].pop(0)
    code, lines = said(run)
    assert code == 1 and any(line.startswith("I1") and "BROKEN" in line for line in lines)
