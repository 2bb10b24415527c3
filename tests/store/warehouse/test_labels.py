from hypothesis import given
from hypothesis import strategies as st

from project.store.warehouse.labels import LabelSet, normal_label
from project.suggestions import nearest


@given(st.lists(st.text(min_size=1).map(normal_label).filter(bool), unique_by=str.lower, min_size=1))
def test_every_label_is_found_in_any_case_and_by_search(labels: list[str]) -> None:
    label_set = LabelSet.of(dict(enumerate(labels, 1)))
    for id_, label in enumerate(labels, 1):
        assert label_set.id(label) == id_
        assert label_set.id(f" {label.lower()}\n") == id_
        assert id_ in label_set.search(label)
    assert label_set.id("".join(labels) + "x") is None


def test_labels_with_the_same_lower_case_match_exactly() -> None:
    label_set = LabelSet.of({1: "Strasse", 2: "Straße", 3: "ΑΣ", 4: "ας"})
    assert [label_set.id(label) for label in ("strasse", "STRASSE", "straße")] == [1, 1, 2]
    assert [label_set.id(label) for label in ("ΑΣ", "ας", "Ας")] == [3, 4, None]


def test_nearest_labels_ignore_case_accents_and_typing_errors() -> None:
    labels = ["facebook", "instagram", "Île-de-France"]
    assert nearest("facebok", labels) == ("facebook",)
    assert nearest("INSTA", labels) == ("instagram",)
    assert nearest("ile de france", labels) == ("Île-de-France",)
    assert nearest("", labels) == ()
    assert nearest("zzz", labels) == ()
    assert nearest("x" * 100_000, labels) == ()
