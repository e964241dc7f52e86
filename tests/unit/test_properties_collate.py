"""Collate, cache keys and tensor views, for any data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dpwidgets.prep.caching.array_cache import RowError, cached_array, content_key
from dpwidgets.prep.scenes.collating import collate
from dpwidgets.prep.tensors.shapes import NotYet
from dpwidgets.prep.tensors.views import look, offsets, storage_values

thorough = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def scenes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to six samples; each may lack a caption or a sound."""
    found, chance = [], torch.Generator().manual_seed(draw(st.integers(0, 9999)))
    for number in range(draw(st.integers(1, 6))):
        words, length = draw(st.integers(0, 9)), draw(st.integers(0, 30))
        found.append(
            {
                "key": f"scene-{number}",
                "image": torch.full((3, 4, 4), number, dtype=torch.uint8),
                "tokens": torch.randint(1, 99, (words,), dtype=torch.int64, generator=chance),
                "sound": torch.rand(length, generator=chance) + 0.01,
                "present": torch.tensor([True, words > 0, length > 0]),
            }
        )
    return found


@thorough
@given(scenes(), st.randoms(use_true_random=False))
def test_collate_pads_to_the_longest_masks_the_rest_and_loses_nothing(
    samples: list[dict[str, Any]], chance: Any
) -> None:
    chance.shuffle(samples)
    batch = collate(samples)
    longest = max(len(one["tokens"]) for one in samples)
    assert batch["tokens"].shape == batch["token_mask"].shape == (len(samples), longest)
    assert batch["sounds"].shape == (len(samples), max(len(one["sound"]) for one in samples))
    assert batch["tokens"].dtype == batch["sound_lengths"].dtype == torch.int64
    assert batch["keys"] == [one["key"] for one in samples]
    for row, one in enumerate(samples):
        mask, length = batch["token_mask"][row], int(batch["sound_lengths"][row])
        assert torch.equal(batch["tokens"][row][mask], one["tokens"])
        assert not batch["tokens"][row][~mask].any(), "padding is 0"
        assert torch.equal(batch["sounds"][row, :length], one["sound"])
        assert not batch["sounds"][row, length:].any()
        assert torch.equal(batch["images"][row], one["image"])
        assert torch.equal(batch["present"][row], one["present"])


# --- keys of the cache

contents = st.lists(st.binary(max_size=8), min_size=1, max_size=5)


@thorough
@given(contents, contents, st.text(max_size=9), st.text(max_size=9))
def test_a_key_is_the_same_for_the_same_and_for_nothing_else(
    tmp_path: Path, one: list[bytes], other: list[bytes], recipe: str, second: str
) -> None:
    def key(files: list[bytes], told: str) -> str:
        paths = [tmp_path / str(number) for number in range(len(files))]
        for path, content in zip(paths, files, strict=True):
            path.write_bytes(content)
        return content_key(paths, told)

    assert key(one, recipe) == key(one, recipe)
    assert (key(one, recipe) == key(other, recipe)) == (one == other)
    assert (key(one, recipe) == key(one, second)) == (recipe == second)
    assert (key(one, recipe) == key(one[::-1], recipe)) == (one == one[::-1])
    assert key([*one, b""], recipe) != key(one, recipe), "an empty file counts"


@thorough
@given(
    st.sampled_from(["|u1", "<f4", ">f4", "<i8", "|b1", "<c8"]),
    st.lists(st.integers(0, 4), max_size=3),
    st.integers(1, 6),
    st.booleans(),
)
def test_the_cache_gives_back_what_was_made(
    tmp_path: Path, dtype: str, shape: list[int], count: int, fortran: bool
) -> None:
    rng = np.random.default_rng(count)
    rows = (200 * rng.random((count, *shape))).astype(dtype)

    def make(number: int) -> np.ndarray:
        return np.asarray(rows[number, ...], order="F" if fortran else "C")

    key = f"{dtype[1:]}{'<>|'.index(dtype[0])}-{shape}-{count}-{fortran}"
    for built in (True, False):
        info = cached_array(tmp_path, key, count, make)
        assert info.array.dtype == rows.dtype
        assert np.array_equal(info.array, rows)
        assert info.built in (built, False)


@pytest.mark.parametrize("wrong", range(4))
def test_no_row_that_fails_leaves_an_array(tmp_path: Path, wrong: int) -> None:
    def make(number: int) -> np.ndarray:
        if number == wrong:
            raise FileNotFoundError("gone")
        return np.zeros(3)

    with pytest.raises(RowError, match=f"row {wrong} could not be made"):
        cached_array(tmp_path, "key", 4, make)
    assert [path for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


# --- views

STEPS = (
    "x.transpose(0, 1)", "x.t()", "x.flip(0)", "x[1:]", "x[:, ::2]", "x[-1]", "x.unsqueeze(0)", "x.view(-1)",
    "x.reshape(-1)", "x.T.contiguous()", "x.clone()", "x[:, :1].expand(-1, 3)", "x.permute(1, 0)[::2]",
)  # fmt: skip


@thorough
@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from(STEPS))
def test_offsets_and_sharing_are_those_of_the_memory(rows: int, columns: int, code: str) -> None:
    x = torch.arange(rows * columns).reshape(rows, columns)
    wanted: Callable[..., torch.Tensor] = eval(f"lambda x: {code}")
    try:
        outcome = look(x, code)
    except NotYet:
        assume(False)
        return
    if outcome.result is None:
        with pytest.raises((RuntimeError, IndexError), match=r"."):
            wanted(x)
        return
    assert torch.equal(outcome.result, wanted(x))
    assert outcome.shares == (outcome.result.untyped_storage().data_ptr() == x.untyped_storage().data_ptr())
    held = storage_values(outcome.result)
    assert [held[place] for place in offsets(outcome.result)] == outcome.result.flatten().tolist()
