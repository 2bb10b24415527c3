"""Meaning: the columns that may hold a field, by the words of their names, for questions and advice.

A column is plain where its name says the field and nothing that narrows it; `Link clicks` and `Cost / conv.` are not.
"""

from collections.abc import Sequence
from typing import NamedTuple

from project.catalog import MEASURE_NAMES
from project.ingest.mapping.names import CURRENCY_CODES, ends_range, grain_of, names_currency, word_set, words_of


class _Words(NamedTuple):
    """`plain` words name the field, with their rank; `related` ones something that may be meant by it."""

    plain: dict[str, int]
    related: frozenset[str]


def _words(plain: str, related: str = "") -> _Words:
    """Read words with spaces between the ranks, the best first, and `/` between words of one rank."""
    ranks = {word: rank for rank, words in enumerate(plain.split()) for word in words.split("/")}
    return _Words(ranks, word_set(related))


_MEANINGS = {
    "date": _words("date/day/datum/fecha/data/jour/dia/día/tag/giorno datetime/time/timestamp", "start starts"),
    "region": _words(
        "region state/province/bundesland country/territory/land/país/pais/pays", "geo market location city"
    ),
    "age_range": _words("age/ages/alter/edad/idade/âge/età"),
    "gender": _words("gender/sex/geschlecht/género/genero/gênero/sexe"),
    "platform": _words("platform/plattform/plataforma", "channel publisher source network kanal canal"),
    "placement": _words("placement", "position network environment segment"),
    "device_type": _words("device/gerät/dispositivo/appareil"),
    "impressions": _words(
        "impressions/impression/impr/imps/impressionen/impressões/impresiones/impressioni", "views reach"
    ),
    "clicks": _words("clicks/click/klicks/clics/cliques/clic", "taps swipes clickthrough clickthroughs clickthru"),
    "cost": _words(
        "cost/costs/spend/spent/charge/kosten/ausgaben/gasto/gastado/coste/dépenses", "amount usado investment"
    ),
    "conversions": _words(
        "conversions/conversion/conv/konversionen/conversiones/conversões",
        "results result orders purchases purchase payment payments installs leads acquisitions signups resultados",
    ),
    "likes": _words("likes/like", "reaction reactions curtidas"),
}
_NEUTRAL = word_set(
    "total sum number of the in ad ads amount name type category range group code amt all usd eur media "
    "report value us account local currency micro micros dollar metrics segments dimensions advertising "
    "publisher campaign um no"
)
_NOT_NEUTRAL_FOR_COUNTS = word_set("all value campaign type group name code account media")
_RATIOS = word_set(
    "per rate ratio avg average mean median cpc cpm cpa cpv cpl cpi cpt ctr cvr ttr roas acos roi share pct "
    "percent percentage budget limit cap bid target goal max min id ids url frequency score rank lost "
    "position index strategy status revenue value values created updated modified synced insert inserted"
)
_OTHERS = {"cost": word_set("conv conversion conversions click clicks result results install lead purchase view")}


class Candidates(NamedTuple):
    """Columns by meaning, the nearest first: those that say just the field, and those that say something like it.

    `best` is the one of the plain that is nearer than all others.
    """

    plain: tuple[str, ...]
    related: tuple[str, ...]
    best: str | None


def candidates(field: str, headers: Sequence[str]) -> Candidates:
    """Return the columns among these that may be a field's."""
    plain, related = [], []
    for index, header in enumerate(headers):
        words = words_of(header)
        if not _may_be(field, header, words):
            continue
        meaning = _MEANINGS[field]
        known = {*meaning.plain, *meaning.related}
        extra = [word for word in words if word not in known and not _is_neutral(field, word)]
        ranks = [meaning.plain[word] for word in words if word in meaning.plain]
        if ranks and not extra:
            plain.append((min(ranks), len(words), index, header))
        elif known & set(words):
            related.append((len(words), index, header))
    plain.sort()
    is_clear = plain and (len(plain) == 1 or plain[0][0] < plain[1][0])
    return Candidates(
        tuple(one[-1] for one in plain),
        tuple(one[-1] for one in sorted(related)),
        plain[0][-1] if is_clear else None,
    )


def _may_be(field: str, header: str, words: Sequence[str]) -> bool:
    if set(words) & (_RATIOS | _OTHERS.get(field, frozenset())) - {field}:
        return False
    if field in MEASURE_NAMES:
        return not any(sign in header for sign in "%/") and not (names_currency(header) and len(words) < 3)
    if field == "platform":
        return words[-1] not in ("type", "category")  # The type of a platform is a device.
    if field == "date":
        return not ends_range(header) and grain_of(header) is None
    return True


def _is_neutral(field: str, word: str) -> bool:
    if word.upper() in CURRENCY_CODES:
        return field == "cost"
    if field == "device_type" and word in ("impression", "class", "platform"):
        return True
    return word in _NEUTRAL and not (field in MEASURE_NAMES and word in _NOT_NEUTRAL_FOR_COUNTS and field != "cost")
