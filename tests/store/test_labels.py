from hypothesis import given
from hypothesis import strategies as st

from project.store.warehouse.labels import LabelSet, nearest, normal_label


@given(st.lists(st.text(min_size=1).map(normal_label).filter(bool), unique_by=str.lower, min_size=1))
def test_every_label_is_found_in_any_case_and_by_search(names: list[str]) -> None:
    known = LabelSet.of(dict(enumerate(names, 1)))
    for number, name in enumerate(names, 1):
        assert known.number(name) == number
        assert known.number(f" {name.lower()}\n") == number
        assert number in known.search(name)
    assert known.number("".join(names) + "x") is None


def test_labels_that_are_alike_in_some_ways_only() -> None:
    known = LabelSet.of({1: "Strasse", 2: "Straße", 3: "ΑΣ", 4: "ας"})
    assert [known.number(label) for label in ("strasse", "STRASSE", "straße")] == [1, 1, 2]
    assert [known.number(label) for label in ("ΑΣ", "ας", "Ας")] == [3, 4, None]


def test_nearest() -> None:
    labels = ["facebook", "instagram", "Île-de-France"]
    assert nearest("facebok", labels) == ("facebook",)
    assert nearest("INSTA", labels) == ("instagram",)
    assert nearest("ile de france", labels) == ("Île-de-France",)
    assert nearest("", labels) == ()
    assert nearest("zzz", labels) == ()
    assert nearest("x" * 100_000, labels) == ()
