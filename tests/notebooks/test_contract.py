"""Every chapter keeps the contract of tools/contract (each rule is shown to bite in mutants/)."""

import nbformat
import pytest

from chapters import NOTEBOOKS, Chapter, find_chapters
from claims import places, unmet
from contract import lint
from contract.figures import figure_of
from contract.tags import CLAIMS, SNIPPETS, map_tags


@pytest.mark.parametrize("chapter", find_chapters(), ids=lambda chapter: chapter.name)
def test_chapter_keeps_the_contract(chapter: Chapter) -> None:
    assert not lint(chapter), "\n" + "\n".join(map(str, lint(chapter)))


def test_there_are_chapters() -> None:
    assert find_chapters(), f"no chapter in {NOTEBOOKS.name}/"


def test_the_map_has_all_its_tags() -> None:
    tags = map_tags()
    assert len(tags) == len(set(tags)) == CLAIMS + SNIPPETS
    assert tags[0] == "claim-01"
    assert tags[-1] == "snippet-21"


def test_every_claim_and_snippet_is_met() -> None:
    """A tag that is lost, with its measurement or alone, shows here."""
    missing = unmet(places(find_chapters()), map_tags())
    assert not missing, f"no cell carries {', '.join(missing)}"


def test_claims_are_found_with_the_heading_above(chapter: Chapter) -> None:
    (place,) = places([chapter])
    assert (place.tag, place.heading) == ("claim-06", "Chance")
    assert place.figure.startswith("sum ")


def test_a_figure_is_the_line_that_its_cell_names() -> None:
    cell = nbformat.v4.new_code_cell(
        metadata={"figure": {"claim-02": "second"}},
        outputs=[nbformat.v4.new_output("stream", text="first 1\n\nthe  second 2\n")],
    )
    assert figure_of(cell, "claim-01") == "first 1"
    assert figure_of(cell, "claim-02") == "the second 2"
    cell.metadata["figure"] = "third"
    assert figure_of(cell, "claim-01") == ""
