"""Prompts: what a load needs to know, asked on a terminal."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import typer

from project.catalog import NOT_SET
from project.ingest.mapping.presets import PRESETS
from project.ingest.mapping.questions import PLACEHOLDER, Choice, Question, Unanswered, answered
from project.ingest.options import Options
from project.ingest.profile import write_profile


def can_ask(files: Sequence[Path]) -> bool:
    """Tell whether there is a terminal to ask on, and files that can be read again with the answers."""
    return sys.stdin.isatty() and sys.stderr.isatty() and all(file.is_file() for file in files)


def ask(unanswered: Unanswered) -> Options:
    """Ask, and return the options with the answers; a load with them may have further questions. Raises typer.Abort."""
    _say(f"\n{unanswered.text}")
    answers: list[Choice] = []
    unlabelled = []
    for question in unanswered.questions:
        answer = _ask(question, unanswered)
        if answer.option == "preset":
            # It may answer the other questions.
            return answered(unanswered.options, [*answers, answer])
        if answer.option == "missing":
            unlabelled.append(question.field)
        else:
            answers.append(answer)
    if unlabelled:
        _say(f"\n{', '.join(unlabelled)}: the file has no column of them.")
        answers.append(Choice("missing", typer.prompt("One label for all rows", default=NOT_SET, err=True)))
    return answered(unanswered.options, answers)


def offer_profile(options: Options, preset: str | None) -> None:
    """Write the answers to a profile where one is wanted. Raises OSError and typer.Abort."""
    if typer.confirm("Keep these answers as a profile?", err=True):
        path = Path(typer.prompt("Its file, such as daily.toml", err=True))
        _say(write_profile(path if path.suffix else path.with_suffix(".toml"), options, preset))


def _ask(question: Question, unanswered: Unanswered) -> Choice:
    default = question.default
    choices = [*question.choices]
    if default and default.option == "missing":
        # One label for all dimensions is asked for at the end.
        choices = [*(choice for choice in choices if choice.option != "set"), default]
        if len(choices) == 1:
            return default
    _say(f"\n{question.text}" if question.text else "")
    for number, choice in enumerate(choices, 1):
        _say(f"  {number}  {choice}{_examples(choice, unanswered)}")
    text = "A number" + (f", {_FREE[question.asks.option]}" if question.asks else "")
    likely = str(choices.index(default) + 1) if default in choices else None
    columns = {name.casefold(): name for name in unanswered.examples}
    refused = ""
    while True:
        answer = str(typer.prompt(text, default=likely, err=True)).strip()
        if answer.isdecimal() and 0 < int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if column := columns.get(answer.casefold()):
            return Choice("map", f"{question.field}={column}")
        if question.field == "platform" and answer.casefold() in _PRESETS and not unanswered.options.preset:
            return Choice("preset", answer.casefold())
        close = get_close_matches(answer.casefold(), columns, 1)
        hint = f"; did you mean {columns[close[0]]!r}?" if close else "."
        if question.asks and question.asks.option == "set" and answer:
            if not close or answer == refused:
                return Choice("set", question.asks.value.replace(PLACEHOLDER, answer))
            hint += f" Answer {answer!r} again to give it to all rows."
        refused = answer
        _say(f"{answer!r} is no number of the list, and no column{hint}")


_PRESETS = {name for name, preset in PRESETS.items() if "platform" in preset.constants}
_FREE = {"set": "a column, or a value for all rows", "map": "or a column"}


def _examples(choice: Choice, unanswered: Unanswered) -> str:
    texts = unanswered.examples.get(choice.value.partition("=")[2], ()) if choice.option == "map" else ()
    return f"   {', '.join(map(repr, texts))}" if texts else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
