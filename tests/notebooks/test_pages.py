"""The pages beside the chapters are what their data give, and chapters and glossary lead to each other."""

import re
import tomllib
from pathlib import Path

import pytest

import pages
from chapters import ROOT, Chapter, find_chapters, read_notebook
from contract.tags import map_tags

WORDS = tomllib.loads((ROOT / "tools" / "glossary.toml").read_text(encoding="utf-8"))["word"]


def test_the_pages_are_in_step() -> None:
    assert pages.stale() == [], "run python tools/pages.py"


def test_a_page_that_was_edited_or_is_missing_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGES", tmp_path)
    assert pages.stale() == ["glossary", "claims", "timings"]
    for name in pages.BUILDERS:
        (tmp_path / f"{name}.ipynb").write_text(pages.page(name), encoding="utf-8")
    assert pages.stale() == []
    file = tmp_path / "claims.ipynb"
    file.write_text(file.read_text(encoding="utf-8").replace("| 06 ", "| 07 "), encoding="utf-8")
    assert pages.stale() == ["claims"]


def test_every_claim_and_snippet_is_on_its_page() -> None:
    _, claims, snippets = pages.claims()
    for kind, text in (("claim", claims), ("snippet", snippets)):
        listed = set(re.findall(r"^\| (\d\d) ", text, flags=re.M))
        assert listed == {tag[-2:] for tag in map_tags() if tag.startswith(kind)}


def test_links_of_the_pages_lead_to_files_and_their_headings() -> None:
    for name, make in pages.BUILDERS.items():
        for link in re.findall(r"\]\((\S+?)\)", "\n".join(make())):
            file, _, fragment = link.partition("#")
            path = (pages.PAGES / file).resolve()
            assert path.is_file(), f"{name}: {link}"
            if fragment:
                cells = read_notebook(Chapter(path.stem, path.parent)).cells
                texts = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
                headings = re.findall(r"^#+ (.+)$", texts, flags=re.M)
                assert fragment in map(pages.anchor, headings), f"{name}: {link}"


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word["name"])
def test_a_word_is_used_in_the_chapter_that_is_to_explain_it(word: dict[str, str]) -> None:
    (chapter,) = [one for one in find_chapters() if one.name.split("_")[0] == word["chapter"]]
    text = chapter.source.read_text(encoding="utf-8").lower()
    names = re.split(r", | \(|\)", word["name"].lower())
    stems = [name.removesuffix("isation").removesuffix("ation") for name in names if name]
    assert any(stem in text for stem in stems), f"{chapter.name} does not use {word['name']!r}"


@pytest.mark.parametrize("chapter", find_chapters(), ids=lambda chapter: chapter.name)
def test_every_chapter_leads_to_the_glossary(chapter) -> None:
    assert "(pages/glossary.ipynb)" in chapter.source.read_text(encoding="utf-8")


@pytest.mark.parametrize("chapter", find_chapters(), ids=lambda chapter: chapter.name)
def test_a_chapter_leads_to_the_words_that_it_explains(chapter) -> None:
    linked = set(re.findall(r"\(pages/glossary\.ipynb#(\S+?)\)", chapter.source.read_text(encoding="utf-8")))
    anchors = {pages.anchor(pages.headword(word["name"])): word["chapter"] for word in WORDS}
    assert linked <= set(anchors), "no such word in tools/glossary.toml"
    own = {anchor for anchor, number in anchors.items() if number == chapter.name.split("_")[0]}
    assert own <= linked, f"link {own - linked} where {chapter.name} explains them"
