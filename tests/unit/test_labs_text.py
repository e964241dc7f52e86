"""The text lab without a browser: sentences in, parameters, variants, code, and what the view is told."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dpwidgets import palette, samples
from dpwidgets.labs.text import TextLab
from dpwidgets.prep.text import TextEngine, read_sentences
from dpwidgets.prep.text.catalogue import OPERATIONS
from dpwidgets.prep.text.lexicons import open_lexicon
from dpwidgets.prep.text.sentences import OURS

ALL = list(OPERATIONS)
SETS = {
    "ours": [text for text, _ in OURS],
    "reviews": ["“Good soup” (hot), bad bread!", "I don't  like\nthis dull book.", "Great."],
    "scripts": ["我不喜欢这部电影。", "Der Film ist nicht gut.", "Фильм не очень хороший, но длинный."],
}


@pytest.fixture
def lab() -> TextLab:
    return TextLab(variants=3)


def test_the_text_that_stands_for_the_lab_is_short_and_stable(lab: TextLab) -> None:
    said = "Synonym replacement 30%, random deletion 10%; strength 100%, seed 0"
    assert repr(lab) == f"TextLab(3 variants: {said})"
    lab.set(variants=1, steps=[])
    assert repr(lab) == "TextLab(1 variant: No operation; strength 100%, seed 0)"


def test_the_first_picture_shows_a_label_that_may_change() -> None:
    lab = TextLab()
    assert "The label may change in 1: variant 5 (the negation “not” is gone)" in lab.caption["alt"]
    [reasons] = [one["reasons"] for one in lab.caption["more"]["variants"] if one["reasons"]]
    assert "its words of opinion: positive (good +); those of the original: negative (good −)" in reasons


# --- code


@pytest.mark.parametrize("sentences", SETS.values(), ids=SETS)
def test_the_copied_code_gives_the_result_without_dpwidgets(sentences: list[str], tmp_path: Path) -> None:
    lab = TextLab(sentences, variants=4, seed=7, strength=0.8)
    scripts = []
    for at in range(len(sentences)):
        for steps in (
            ALL,
            ["random_swap", {"op": "synonym_replacement", "values": {"same_pos": True, "share": 1}}],
        ):
            lab.set(sentence=at, steps=steps)
            scripts.append((lab.to_code(), lab.result))
    (tmp_path / "codes.json").write_text(json.dumps([code for code, _ in scripts]))
    run = (
        "import json, sys\n"
        "sys.modules['dpwidgets'] = None\n"
        "for code in json.load(open('codes.json')):\n"
        "    names = {}\n"
        "    exec(code, names)\n"
        "    print(json.dumps(names['variants'](names['text'], sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, str(samples.lexicon())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [result for _, result in scripts]
    assert not any("dpwidgets" in code for code, _ in scripts)


def test_the_code_holds_what_it_needs_and_no_more(lab: TextLab) -> None:
    lab.set(steps=["random_swap"])
    code = lab.to_code()
    assert "nltk" not in code
    assert "lexicon" not in code
    assert re.findall(r"^def (\w+)", code, re.M) == ["how_many", "random_swap", "variants"]
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["variants"](names["text"]) == lab.result


def test_the_code_names_no_folder_of_this_machine(lab: TextLab) -> None:
    assert str(Path.home()) not in lab.to_code()


# --- parameters


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"strength": 2}, r"strength=2 .* 0 to 1"),
        ({"strenght": 0.5}, r"'strenght'.*'strength'"),
        ({"variants": 13}, r"variants=13 .* 1 to 12"),
        ({"sentence": 8}, r"sentence=8 .* 0 to 7"),
        ({"text": "x" * 601}, r"text=.*600 characters"),
        ({"source": "WordNot"}, r"'WordNot'"),
        ({"steps": "random_swap"}, r"steps='random_swap'.*list"),
        ({"steps": ["random_swop"]}, r"'random_swop'.*'random_swap'"),
        ({"steps": [{"values": {}}]}, r"names no operation"),
        ({"steps": [{"op": "typos", "p": 1}]}, r"'p'"),
        ({"steps": [{"op": "typos", "values": {"share": 3}}]}, r"typos: share=3.*0 to 1"),
        ({"steps": [{"op": "typos", "values": {"phrases": True}}]}, r"typos: setting 'phrases'"),
        ({"steps": [{"op": "random_insertion", "values": {"phrases": 1}}]}, r"phrases=1.*True or False"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(lab: TextLab, wrong: dict[str, Any], told: str) -> None:
    before = lab.params
    with pytest.raises(ValueError, match=told):
        lab.set(**wrong)
    assert lab.params == before


def test_set_and_reset(lab: TextLab) -> None:
    start = lab.result
    lab.set(strength=0.0)
    assert lab.result == [OURS[0][0]] * 3
    assert "3 unchanged" in lab.caption["alt"]
    lab.reset()
    assert lab.result == start


def test_typed_text_wins_and_has_no_label(lab: TextLab) -> None:
    assert "labelled negative" in lab.caption["alt"]
    lab.set(text="  Anna has a good dog.  ", steps=[])
    assert lab.result == ["Anna has a good dog."] * 3
    assert "labelled" not in lab.caption["alt"]


def test_a_step_that_is_off_does_nothing(lab: TextLab) -> None:
    lab.set(steps=["random_swap"])
    alone = lab.result
    lab.set(steps=[{"op": "typos", "on": False}, "random_swap"])
    assert lab.result == alone


def test_a_variant_depends_on_seed_and_number_alone(lab: TextLab) -> None:
    first = lab.result
    lab.set(seed=1, variants=2)
    assert lab.result == first[1:]
    assert TextLab(seed=1, variants=2).result == first[1:]


def test_one_steps_share_leaves_the_others_draws(lab: TextLab) -> None:
    def deleted(share: float) -> list[list[str]]:
        lab.set(
            steps=[{"op": "synonym_replacement", "values": {"share": share}}, "random_deletion"], variants=8
        )
        made = lab._engine.variants(lab.params)
        return [[one.before for one in variant.changes if one.kind == "deleted"] for variant in made]

    assert deleted(0.1) == deleted(0.6)
    assert any(deleted(0.1))


# --- the reader's own sentences


def test_own_sentences(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeffOne dog.\n\nTwo cats.\n", encoding="utf-8")
    for data in (
        ["One dog.", "Two cats."],
        path,
        str(path),
        pd.Series(["One dog.", "Two cats."], index=[7, 9]),
    ):
        lab = TextLab(data, labels=[0, 1], sentence=1, steps=[], variants=1)
        assert lab.result == ["Two cats."]
        assert "labelled 1" in lab.caption["alt"]


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # where Windows looks
    (tmp_path / "s.txt").write_text("One dog.", encoding="utf-8")
    assert read_sentences("~/s.txt").texts == ("One dog.",)


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        ([], ValueError, "no sentence"),
        (["good", None], TypeError, r"sentence 1 is None.*dropna"),
        (["x" * 601], ValueError, "sentence 0 has 601 characters.*600"),
        (3, TypeError, "int cannot be read"),
        ("good " * 80, FileNotFoundError, "list of sentences"),
        ("The film is good.", FileNotFoundError, "no file 'The film is good.'.*list of sentences"),
    ],
)
def test_no_sentences_no_lab(data: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        TextLab(data)


def test_labels_come_one_a_sentence() -> None:
    with pytest.raises(ValueError, match="labels has 1 entries for 2"):
        TextLab(["a", "b"], labels=["good"])


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_bytes("schön".encode("latin-1"))
    with pytest.raises(ValueError, match=r"old.txt is not UTF-8 \(byte 3\)"):
        TextLab(tmp_path / "old.txt")


# --- picture and view


def test_the_picture_keeps_its_size_and_shows_every_variant() -> None:
    engine = TextEngine(read_sentences())
    pictures = [engine.render({"variants": n, "sentence": 1}).picture for n in (1, 6, 12)]
    assert {picture.shape for picture in pictures} == {(1120, 1840, 3)}
    filled = [(picture != 255).any((1, 2)).sum() for picture in pictures]
    assert filled[0] < filled[1] < filled[2]
    assert engine.render({}, 0.5).picture.shape == (560, 920, 3)


@pytest.mark.parametrize("text", ["Word " * 110, "x" * 600, "“", "\n", "我" * 300])
def test_any_text_can_be_drawn(text: str) -> None:
    TextEngine(read_sentences([text or "."])).render({"variants": 12, "steps": ALL})


def test_the_list_below_gives_each_variant_back(lab: TextLab) -> None:
    lab.set(steps=ALL, variants=12, sentence=5)
    for listed, text in zip(lab.caption["more"]["variants"], lab.result, strict=True):
        assert listed["text"] == text
        words = "".join(after + gap for _, _, after, gap in listed["pieces"] if after)
        assert words.split() == re.sub(r"\.$", "", text).split() or words == text


def test_other_scripts_are_told_where_to_read() -> None:
    assert not any("list below" in note for note in TextLab().caption["notes"])
    assert any("list below" in note for note in TextLab(["我喜欢猫。"]).caption["notes"])


def test_the_small_lexicon_is_named_where_it_is_used(lab: TextLab) -> None:
    assert any("not WordNet" in note for note in lab.caption["notes"])
    lab.set(steps=["typos"])
    assert not any("not WordNet" in note for note in lab.caption["notes"])


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_the_other_source_is_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zipped: bool) -> None:
    ours = samples.lexicon() / "corpora"
    if zipped:
        shutil.make_archive(str(tmp_path / "corpora" / "wordnet"), "zip", ours, "wordnet")
    else:
        shutil.copytree(ours, tmp_path / "corpora")
    monkeypatch.setattr("nltk.data.path", [str(tmp_path)])
    lab = TextLab(source="WordNet")
    assert open_lexicon("WordNet") is not open_lexicon("small lexicon")
    assert [control["choices"] for control in lab.controls if control["name"] == "source"]
    assert "nltk.data" not in lab.to_code()
    assert not any("not WordNet" in note for note in lab.caption["notes"])
    assert lab.result == TextLab().result


def test_all_state_of_the_view_is_json(lab: TextLab) -> None:
    json.dumps({name: value for name, value in lab.get_state().items() if name != "frame"})


def test_every_parameter_but_the_steps_has_a_control(lab: TextLab) -> None:
    named = [control["name"] for control in lab.controls]
    assert set(named) | {"source"} == set(lab.params) - {"steps"} | {"source"}
    assert named[0] == "strength"
    assert [operation["key"] for operation in lab.catalogue] == ALL
    for operation in lab.catalogue:
        defaults = {one["name"]: one["default"] for one in operation["parameters"]}
        assert defaults == OPERATIONS[operation["key"]].defaults()
        assert all(one["help"] for one in operation["parameters"])


def test_the_view_uses_colours_of_the_palette_or_the_theme_alone() -> None:
    allowed = {one.lower() for one in palette.SERIES} | {"#fff", "#0008"}
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", str(TextLab._css).lower())) <= allowed
