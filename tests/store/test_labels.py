from hypothesis import given
from hypothesis import strategies as st

from project.store.labels import LabelSet, nearest, normal_label


@given(st.lists(st.text(min_size=1).map(normal_label).filter(bool), unique_by=str.casefold, min_size=1))
def test_every_label_is_found_in_any_case_and_by_search(names: list[str]) -> None:
    known = LabelSet.of(dict(enumerate(names, 1)))
    for number, name in enumerate(names, 1):
        assert known.number(name) == number
        assert known.number(f" {name.casefold()}\n") == number
        assert number in known.search(name)
    assert known.number("".join(names) + "x") is None


def test_nearest() -> None:
    labels = ["facebook", "instagram", "Île-de-France"]
    assert nearest("facebok", labels) == ("facebook",)
    assert nearest("INSTA", labels) == ("instagram",)
    assert nearest("ile de france", labels) == ("Île-de-France",)
    assert nearest("", labels) == ()
    assert nearest("zzz", labels) == ()
    assert nearest("x" * 100_000, labels) == ()
