"""The settings file as it is written: what is set in it can be read again, and all else stays."""

import tomllib

import pytest

from daemon.config import Config
from daemon.errors import BadConfig
from daemon.settings.fitting import checked
from daemon.settings.writing import with_setting


@pytest.mark.parametrize(
    ("text", "name", "value", "after"),
    [
        ("", "default_bars", 4, "default_bars = 4\n"),
        (
            "# mine\ndefault_bars = 8 # why\npresence = false",
            "default_bars",
            4,
            "# mine\npresence = false\ndefault_bars = 4\n",
        ),
        ("default_bars = 8\n", "default_bars", None, ""),
        ("", "relay_url", 'https://x/"quoted"', 'relay_url = "https://x/\\"quoted\\""\n'),
        (
            'device_name = "default_bars = 1"\n',
            "default_bars",
            4,
            'device_name = "default_bars = 1"\ndefault_bars = 4\n',
        ),
    ],
)
def test_a_setting_is_set_and_all_else_stays(text: str, name: str, value: object, after: str) -> None:
    assert with_setting(text, name, value) == after


@pytest.mark.parametrize(
    "text", ["default_bars = = 1", 'device_name = """\ndefault_bars = 1\n"""\n', "[table]\nx = 1\n"]
)
def test_a_file_that_cannot_be_changed_safely_is_left_to_a_person(text: str) -> None:
    with pytest.raises(BadConfig):
        with_setting(text, "default_bars", 4)


@pytest.mark.parametrize(
    "odd", ["", "x" * 5000, "-1", "nan", "caf\udce9", "a\u202eb", "\x1b[31m", '"', "\n", "1e999", "9" * 400]
)
@pytest.mark.parametrize("name", Config.__struct_fields__)
def test_whatever_a_setting_is_set_to_is_refused_in_words_or_can_be_read_again(name: str, odd: str) -> None:
    try:
        value = checked(name, odd)
    except BadConfig as error:
        assert name in error.message and "`" not in error.message and len(error.message) < 300
    else:
        assert tomllib.loads(with_setting("", name, value)) == {name: value}
