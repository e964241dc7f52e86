"""Every chapter keeps the contract of tools/contract (each rule is shown to bite in mutants/)."""

import pytest

from chapters import NOTEBOOKS, Chapter, find_chapters
from claims import places
from contract import lint
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


def test_claims_are_found_with_the_heading_above(chapter: Chapter) -> None:
    (place,) = places([chapter])
    assert (place.tag, place.heading) == ("claim-06", "Chance")
