"""Questions: what a file leaves open, and the options that answer it; and where each field comes from."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from project.errors import LoadRefused
from project.ingest.options import Options

PLACEHOLDER = "…"
"""What stands in a command for a value that only the caller knows; no option takes it."""


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where a field comes from: a column, whose point moves `shift` digits to the left, or a constant.

    `reason` says who gave the constant: `preset google`, `--set` or `--missing`.
    """

    field: str
    column: str | None = None
    shift: int = 0
    constant: str | None = None
    reason: str = ""

    def __str__(self) -> str:
        """Return a line such as `cost ← spend ÷ 1,000,000` or `platform ← 'google' (preset google)`."""
        if self.constant is not None:
            return f"{self.field} ← {self.constant!r} ({self.reason})"
        return f"{self.field} ← {self.column}" + (f" ÷ {10**self.shift:,}" if self.shift else "")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: an option of a load, and its value as the flag takes it (`map`, `cost=Spend`)."""

    option: str
    value: str

    @property
    def flags(self) -> list[str]:
        """The words of the command line."""
        if self.option == "decimal_comma":
            return ["--decimal-comma" if self.value == "true" else "--decimal-point"]
        return [f"--{self.option.replace('_', '-')}", self.value]

    def __str__(self) -> str:
        return " ".join(map(_quoted, self.flags))


@dataclass(frozen=True, slots=True)
class Question:
    """What only the caller knows: of which field (`""`: of the whole file), and the answers, the likeliest first.

    `default` is the answer of the advised command, None where it must be the caller's own: then `asks` stands there, or
    there is a command for each choice.
    """

    field: str
    text: str
    choices: tuple[Choice, ...]
    default: Choice | None = None
    asks: Choice | None = None


class Unanswered(LoadRefused):
    """A load that needs answers. The text ends with one command that has those that are safe, and asks for the others.

    `files` are the files of that command: their names, unless the caller knows how they were typed. `program` is how
    it begins. With `over_http` it is a request instead. `examples` are the first texts of each column.
    """

    def __init__(self, text: str, questions: Sequence[Question], options: Options, files: Sequence[str]) -> None:
        super().__init__(text)
        self.text = text
        self.questions = tuple(questions)
        self.options = options
        self.files = tuple(files)
        self.program = "ad-metrics"
        self.over_http = False
        self.examples: Mapping[str, Sequence[str]] = {}

    def __str__(self) -> str:
        lines = [self.text, *(f"  {question.text}" for question in self.questions if question.text)]
        answers = [question.default or question.asks for question in self.questions]
        sure = list(dict.fromkeys(answer for answer in answers if answer))
        either = next(
            (question.choices for question in self.questions if not (question.default or question.asks)), None
        )
        commands = [[*sure, choice] for choice in either] if either else [sure]
        return "\n".join([*lines, *map(self._command, commands)])

    def _command(self, choices: Sequence[Choice]) -> str:
        if self.over_http:
            return request(self.options, choices)
        return command(self.files, self.options, choices, self.program)


def answered(options: Options, choices: Iterable[Choice]) -> Options:
    """Return the options with these answers in addition, or instead of others for the same field."""
    values: dict[str, Any] = options.model_dump(exclude_unset=True)
    for choice in choices:
        if isinstance(getattr(options, choice.option), list):
            field = choice.value.partition("=")[0]
            for name in {"map", "set"} if choice.option in ("map", "set") else {choice.option}:
                values[name] = [one for one in values.get(name, ()) if one.partition("=")[0].strip() != field]
            values[choice.option] = [*values.get(choice.option, ()), choice.value]
        else:
            values[choice.option] = choice.value
    return Options(**values)


def command(files: Sequence[str], options: Options, choices: Iterable[Choice] = (), program: str = "ad-metrics") -> str:
    """Return the command line of a load with these answers."""
    flags = ["--replace" if choice.option == "replace" else str(choice) for choice in _given(options, choices)]
    return " ".join([program, "load", *map(_quoted, files), *flags])


def request(options: Options, choices: Iterable[Choice] = ()) -> str:
    """Return the query string of a request that loads the same body with these answers."""
    query = urlencode([(choice.option, choice.value) for choice in _given(options, choices)])
    return f"Send the body again with ?{query.replace(quote(PLACEHOLDER), PLACEHOLDER)}"


def _given(options: Options, choices: Iterable[Choice]) -> list[Choice]:
    """Return the options that are given and these answers as choices; those that the caller must fill in come last."""
    every = list(choices)
    # A placeholder is no value of an option.
    fixed = [choice for choice in every if PLACEHOLDER not in choice.value]
    values: Mapping[str, Any] = answered(options, fixed).model_dump(exclude_defaults=True)
    given = [
        Choice(name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, several in values.items()
        for value in (several if isinstance(several, list) else [several])
    ]
    return [*given, *(choice for choice in every if PLACEHOLDER in choice.value)]


def _quoted(word: str) -> str:
    """Return a word as a shell takes it, in double quotes where that is enough."""
    if re.fullmatch(r"(?!#)[\w@%+=:,./…#-]+", word):
        return word
    option, equals, value = word.partition("=")
    if re.fullmatch(r"[\w-]+", option) and not re.search(r'["$`\\!]', value):
        return f'{option}{equals}"{value}"'
    return f'"{word}"' if not re.search(r'["$`\\!]', word) else shlex.quote(word)
