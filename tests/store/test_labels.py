from hypothesis import given
from hypothesis import strategies as st

from project.store.warehouse.labels import LabelSet, normal_label
from project.suggestions import nearest


@given(st.lists(st.text(min_size=1).map(normal_label).filter(bool), unique_by=str.lower, min_size=1))
def test_every_label_is_found_in_any_case_and_by_search(names: list[str]) -> None:
    known = LabelSet.of(dict(enumerate(names, 1)))
    for number, name in enumerate(names, 1):
        assert known.id(name) == number
        assert known.id(f" {name.lower()}\n") == number
        assert number in known.search(name)
    assert known.id("".join(names) + "x") is None


def test_labels_that_are_alike_in_some_ways_only() -> None:
    known = LabelSet.of({1: "Strasse", 2: "Straße", 3: "ΑΣ", 4: "ας"})
    assert [known.id(label) for label in ("strasse", "STRASSE", "straße")] == [1, 1, 2]
    assert [known.id(label) for label in ("ΑΣ", "ας", "Ας")] == [3, 4, None]


def test_nearest() -> None:
    labels = ["facebook", "instagram", "Île-de-France"]
    assert nearest("facebok", labels) == ("facebook",)
    assert nearest("INSTA", labels) == ("instagram",)
    assert nearest("ile de france", labels) == ("Île-de-France",)
    assert nearest("", labels) == ()
    assert nearest("zzz", labels) == ()
    assert nearest("x" * 100_000, labels) == ()
