"""Names in the linked folder: each Take one, none twice, none that is another's, and none changed without need."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.linked_names import linked_names, same_file
from daemon.core.names import file_stem

NAMES = st.sampled_from(["Lead", "lead", "LEAD (2)", "e\u0301", "\u00e9", "a/b", "a-b", "..", "Take", ""])


@given(
    st.lists(NAMES, max_size=12),
    st.sets(NAMES.map(lambda n: same_file(file_stem(n) + ".wav")), max_size=4),
    st.data(),
)
def test_names_are_one_each_nobody_elses_and_stay(
    names: list[str], foreign: set[str], data: st.DataObject
) -> None:
    takes = [(str(number), name) for number, name in enumerate(names)]
    given_names = linked_names(takes, {}, foreign)
    files = [same_file(name) for name in given_names.values()]
    assert given_names.keys() == {take_id for take_id, _ in takes}
    assert len(set(files)) == len(files) and not set(files) & foreign
    assert linked_names(takes, given_names, foreign) == given_names, "nothing to do is nothing done"
    left = data.draw(st.lists(st.sampled_from(takes), unique=True)) if takes else []
    kept = linked_names(left, given_names, foreign)
    assert all(kept[take_id] == given_names[take_id] for take_id, _ in left), "another's end renames nobody"


def test_a_take_that_is_renamed_gets_its_new_name_and_gives_the_old_one_up() -> None:
    before = linked_names([("1", "Lead"), ("2", "Lead")], {}, set())
    assert before == {"1": "Lead.wav", "2": "Lead (2).wav"}
    assert linked_names([("1", "Bass"), ("2", "Lead")], before, set()) == {
        "1": "Bass.wav",
        "2": "Lead (2).wav",
    }
    assert linked_names([("1", "Lead")], before, {"lead.wav"}) == {"1": "Lead (2).wav"}
