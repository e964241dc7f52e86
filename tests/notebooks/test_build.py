"""Building is repeatable, honest about what is out of step, and leaves nothing half done."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import build_notebooks
import write_back
from build_notebooks import build
from chapters import Chapter, ChapterError, read_notebook, state_of
from masks import mask
from normalise import strip_png
from pictures import difference


def edit(chapter: Chapter, old: str, new: str) -> None:
    text = chapter.source.read_text()
    assert old in text
    chapter.source.write_text(text.replace(old, new))


def edit_notebook(chapter: Chapter, old: str, new: str) -> None:
    text = chapter.notebook.read_text()
    assert old in text
    chapter.notebook.write_text(text.replace(old, new))


def test_building_twice_gives_the_same_bytes(chapter: Chapter) -> None:
    first = chapter.notebook.read_bytes()
    build(chapter)
    assert chapter.notebook.read_bytes() == first


def test_a_build_without_the_earlier_one_differs_in_ignored_outputs_alone(chapter: Chapter) -> None:
    first = chapter.notebook.read_text()
    chapter.notebook.unlink()
    build(chapter)
    timing = re.compile(r"\d\.\d{4} s")
    assert timing.sub("T", chapter.notebook.read_text()) == timing.sub("T", first)


def test_an_edit_above_makes_a_varying_cell_new(chapter: Chapter) -> None:
    edit_notebook(chapter, " s\\n", " s from an earlier build\\n")
    edit(chapter, "random.Random(seed)", "random.Random(seed + 1)")
    build(chapter)
    assert "earlier build" not in chapter.notebook.read_text()


def test_fresh_takes_new_outputs(chapter: Chapter) -> None:
    edit_notebook(chapter, " s\\n", " s from an earlier build\\n")
    build(chapter)
    assert "earlier build" in chapter.notebook.read_text()
    build(chapter, fresh=True)
    assert "earlier build" not in chapter.notebook.read_text()


def test_built_notebook_is_normalised(chapter: Chapter) -> None:
    book = read_notebook(chapter)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert set(book.metadata) == {"dpwidgets", "kernelspec", "language_info", "widgets"}
    assert book.metadata.language_info == {"name": "python"}
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    text = chapter.notebook.read_text()
    assert str(chapter.home) not in text
    models = re.findall(r'"(?:IPY_MODEL_)?([0-9a-f]{32})"', text)
    assert models
    assert max(int(model, 16) for model in models) < 100


def test_a_failing_cell_leaves_the_notebook_alone(chapter: Chapter) -> None:
    before = chapter.notebook.read_bytes()
    edit(chapter, "chance = random.Random(seed)", "chance = random.Random(sed)")
    with pytest.raises(ChapterError, match=r"90_fixture, cell 5 \(`chance.*NameError: name 'sed'"):
        build(chapter)
    assert chapter.notebook.read_bytes() == before
    assert sorted(path.name for path in chapter.home.iterdir()) == ["90_fixture.ipynb", "source"]


def test_an_error_in_a_widget_callback_fails_the_build(chapter: Chapter) -> None:
    edit(chapter, "change['new']} is", "change['newest']} is")
    with pytest.raises(ChapterError, match=r"KeyError: 'newest' \(in a widget's callback\)"):
        build(chapter)


def test_state_names_what_is_out_of_step(chapter: Chapter) -> None:
    assert state_of(chapter) == ""
    edit(chapter, "random.Random(seed)", "random.Random(seed + 1)")
    assert "the source changed after the notebook was built" in state_of(chapter)
    edit_notebook(chapter, "random.Random(seed)", "random.Random(seed + 1)")
    assert "outputs are stale" in state_of(chapter)
    edit_notebook(chapter, "random.Random(seed + 1)", "random.Random(seed + 2)")
    assert "the notebook was edited" in state_of(chapter)
    chapter.notebook.unlink()
    assert "not built yet" in state_of(chapter)


def test_build_does_not_overwrite_edits_made_in_the_notebook(chapter: Chapter) -> None:
    edit_notebook(chapter, "random.Random(seed)", "random.Random(seed + 2)")
    before = chapter.notebook.read_bytes()
    with pytest.raises(ChapterError, match="write_back"):
        build(chapter)
    assert chapter.notebook.read_bytes() == before


def test_write_back_of_an_unedited_notebook_changes_nothing(chapter: Chapter) -> None:
    before = chapter.source.read_bytes()
    assert not write_back.write_back(chapter)
    assert chapter.source.read_bytes() == before


def test_write_back_changes_the_edited_cell_alone(chapter: Chapter) -> None:
    before = chapter.source.read_text()
    edit_notebook(chapter, "random.Random(seed)", "random.Random(seed + 2)")
    assert write_back.write_back(chapter)
    assert chapter.source.read_text() == before.replace("random.Random(seed)", "random.Random(seed + 2)")


def test_write_back_makes_a_source_from_nothing_that_builds_to_the_same_cells(chapter: Chapter) -> None:
    chapter.source.unlink()
    assert write_back.write_back(chapter)
    assert state_of(chapter) == ""


def test_an_unknown_chapter_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert build_notebooks.main(["--check", "77"]) == 2
    assert "no chapter '77'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("<Thing at 0x7f00deadbeef>", "<Thing at 0xADDRESS>"),
        ("100%|███| 3/3 [00:01<00:00, 2.5it/s]", "100%|███| 3/3 [time]"),
        ("100%|███| 3/3 [00:01&lt;00:00, 1.9s/it]", "100%|███| 3/3 [time]"),
        ("  0%|   | 0/3 [00:00<?, ?it/s]", "  0%|   | 0/3 [00:00<?, ?it/s]"),
        ("/scratch/ipykernel_12/345.py:3: UserWarning: x", "<cell>:3: UserWarning: x"),
        ("Wall time: 3.1 ms", "Wall time: -"),
        (f"{np.__file__}", "<site-packages>/numpy/__init__.py"),
        ("colour 0xffffff, set [1, 2]", "colour 0xffffff, set [1, 2]"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert mask(text) == masked


def picture(pixels: np.ndarray, **options: object) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


def test_png_text_is_dropped_and_pixels_stay() -> None:
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", "Matplotlib of today")
    assert strip_png(picture(pixels, pnginfo=note)) == picture(pixels)


def test_pictures_are_compared_by_what_one_sees() -> None:
    noise = np.random.default_rng(0)
    pixels = noise.integers(0, 255, (100, 160, 3), dtype=np.uint8)
    near = np.clip(pixels.astype(int) + noise.integers(-1, 2, pixels.shape), 0, 255).astype(np.uint8)
    line = pixels.copy()
    line[50, 20:140] = 0
    assert difference(picture(pixels), picture(near)) == ""
    assert "blocks differ" in difference(picture(pixels), picture(line))
    assert "size" in difference(picture(pixels), picture(pixels[:50]))
    assert "mean difference" in difference(picture(pixels), picture(255 - pixels))
