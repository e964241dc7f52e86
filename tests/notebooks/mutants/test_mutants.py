"""Each way to break the workbook turns exactly the checks red that are meant for it."""

import ast
from pathlib import Path

import pytest

from chapters import Chapter
from mutants.books import BOOKS
from mutants.model import BookMutation, Mutation, PartMutation, Result
from mutants.mutations import MUTATIONS
from mutants.parts import PARTS
from mutants.running import red, try_book, try_part
from mutants.shapes import SHAPES


def test_there_are_enough_and_names_are_unique() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)
    assert sum(bool(mutation.check) for mutation in MUTATIONS) >= 24


def test_every_rule_of_the_contract_has_its_mutation(root: Path) -> None:
    rules = set()
    for path in (root / "tools/contract").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "problem":
                rule = node.args[1]
                rules.add(rule.value if isinstance(rule, ast.Constant) else ast.unparse(rule))
    loops = {"tag", "name", "word", "kinds"}  # variables: their values are among the mutations' names
    assert rules - loops - {"cells"} <= {one.check for one in (*BOOKS, *SHAPES)}
    assert len(rules) > 20


def test_the_unbroken_chapter_keeps_the_contract(chapter: Chapter) -> None:
    assert red(chapter) == {}


@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
@pytest.mark.parametrize("mutation", [*BOOKS, *SHAPES], ids=lambda one: one.name)
def test_a_broken_chapter_is_noticed(mutation: BookMutation, chapter: Chapter, tmp_path: Path) -> None:
    result = try_book(mutation, chapter, tmp_path / "mutants")
    assert result.problem == "", result.found


@pytest.mark.parametrize("mutation", PARTS, ids=lambda one: one.name)
def test_a_broken_lab_or_exercise_is_noticed(mutation: PartMutation) -> None:
    result = try_part(mutation)
    assert result.problem == "", result.found


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({}, "SURVIVED"),
        ({"other": ""}, "caught by another check only: other"),
        ({"meant": "something else"}, "meant does not say 'why'"),
        ({"meant": "and why"}, "not caught by known"),
        ({"meant": "why", "known": "", "other": ""}, "caught by more checks: other"),
        ({"meant": "and why", "known": ""}, ""),
    ],
)
def test_a_survivor_is_told(found: dict[str, str], problem: str) -> None:
    assert Result(Mutation("x", "meant", "why", also=("known",)), found, 0.0).problem == problem


def test_an_alarm_without_a_cause_is_told() -> None:
    nothing = Mutation("nothing", "", "")
    assert Result(nothing, {}, 0.0).problem == ""
    assert Result(nothing, {"some": "x"}, 0.0).problem == "caught by another check only: some"
