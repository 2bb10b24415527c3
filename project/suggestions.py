"""Suggestions: what somebody who mistyped a name may have meant."""

from collections.abc import Iterable

_MINIMUM_SCORE = 60


def nearest(word: str, choices: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the choices that resemble the word, best first."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - most names are spelled right

    matches = process.extract(
        word[:100], list(choices), scorer=fuzz.WRatio, processor=str.casefold, limit=limit, score_cutoff=_MINIMUM_SCORE
    )
    return tuple(match[0] for match in matches)
