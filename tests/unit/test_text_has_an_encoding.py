"""Text is UTF-8 wherever it is read or written: what a system takes for text by default differs, and is found by its users."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("plugin_protocol", "bridge", "sandbox", "audio", "daemon", "tray", "packaging")


def is_text_without_encoding(call: ast.Call) -> bool:
    """Whether it opens a file as text, and does not say which."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    if name in ("read_text", "write_text"):
        return len(call.args) < (1 if name == "read_text" else 2)
    if name == "open" and isinstance(call.func, ast.Attribute):  # of a Path, which takes a mode at most
        of_path = all(isinstance(a, ast.Constant) for a in call.args) and (
            call.args or isinstance(call.func.value, ast.Name)
        )
        if not of_path or not {keyword.arg for keyword in call.keywords} <= {"mode", "buffering", "newline"}:
            return False
    elif name not in ("open", "fdopen"):
        return False
    constants = [
        a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)
    ]
    modes = [text for text in constants if isinstance(text, str) and set(text) <= set("rwabx+t")]
    return not any("b" in mode for mode in modes)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_text_file_says_its_encoding(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and is_text_without_encoding(call)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ('open(path, "w")', True),
        ("path.open()", True),
        ('path.open("ab")', False),
        ('open(path, "rb")', False),
        ('path.read_text(encoding="utf-8")', False),
        ("RingFile.open(folder, name)", False),
        ("os.open(path, flags)", False),
    ],
)
def test_what_counts_as_text(line: str, is_found: bool) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call) and is_text_without_encoding(call) == is_found
