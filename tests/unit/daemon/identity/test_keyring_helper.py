"""What is said where no keyring will do: that there is none, or which one does not keep a secret."""

from keyring.backends import fail, null

from daemon.identity.keyring_helper import _none_of


def test_where_there_is_none_that_is_said_and_not_the_name_of_a_class() -> None:
    assert _none_of([fail.Keyring(), null.Keyring()]) == "there is none"
    assert _none_of([]) == "there is none"


def test_one_that_keeps_no_secret_is_named() -> None:
    class Plain(fail.Keyring):
        pass

    Plain.__module__ = "keyrings.alt.file"
    assert _none_of([Plain()]) == "no keyring of a kind that is allowed (found keyrings.alt.file)"
