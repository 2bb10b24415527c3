"""Kinds: labels that tell which dimension they are of, so that none is stored under another one."""

import re

from project.ingest.mapping.columns import ColumnMap
from project.ingest.mapping.names import word_set
from project.ingest.mapping.presets import PRESETS
from project.ingest.mapping.questions import PLACEHOLDER, Choice, Question, Unanswered
from project.ingest.options import Options

_WORDS = {
    "gender": word_set("female male women men"),
    "platform": word_set(
        "meta facebook fb instagram messenger audience_network google google_ads youtube tiktok tiktok_ads meta_ads "
        "bing facebook_ads microsoft_ads bing_ads linkedin_ads twitter snap amazon_ads"
    )
    | {label for preset in PRESETS.values() for label in preset.constants.values() if label != "x"},
    "device_type": word_set(
        "desktop mobile tablet tablets smartphone smartphones computer computers iphone ipad ipod android ios pc "
        "phone phones smart_phone desk phon tblt android_smartphone android_tablet mobile_phones mobile_app "
        "mobile_web connected_tv ctv"
    ),
}
_AGE = re.compile(r"(age_)?(range_)?(\d\d[-_]\d\d|65[-_+]?(up|plus)?)")
_ALSO_IN = {("platform", "placement")}
_ALSO_REGIONS = frozenset({"meta", "mobile"})
"""In Colombia, and in Alabama."""


def check_kind(dimension: str, label: str, columns: ColumnMap, options: Options, file: str) -> None:
    """Raise Unanswered where a label is plainly of another dimension than the one that its column was taken for."""
    text = re.sub(r"[\s–]+", "_", label.casefold())
    kind = (
        "age_range" if _AGE.fullmatch(text) else next((name for name, words in _WORDS.items() if text in words), None)
    )
    if kind is None or kind == dimension or (kind, dimension) in _ALSO_IN:
        return
    if dimension == "region" and text in _ALSO_REGIONS:
        return
    column = columns.column(dimension)
    choices = (Choice("map", f"{kind}={column}"), Choice("map", f"{dimension}={column}"))
    default = None if kind in columns.positions else choices[0]
    text = (
        f"{file}: {column!r} has {label!r}, which is no {dimension} but a {kind}; say {choices[0]}, or, if it is "
        f"right, {choices[1]}."
    )
    questions = [Question(dimension, "", choices, default)]
    if default and dimension == "platform":
        # Unasked, `--missing` would answer it.
        questions.append(Question(dimension, "", (), asks=Choice("set", f"platform={PLACEHOLDER}")))
    raise Unanswered(text, questions, options, [file])
