"""The tensor lab's engine agrees with torch: shapes, memory, dtypes, pictures and code."""

import builtins
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from dpwidgets.prep.tensors import dtypes, views
from dpwidgets.prep.tensors.broadcast import OPERATIONS, align, source
from dpwidgets.prep.tensors.cells import Grid
from dpwidgets.prep.tensors.engine import LOOKS, OWN_CODE, TensorEngine
from dpwidgets.prep.tensors.shapes import NotYet, read_shape

SHAPES = [()] + [shape for count in (1, 2, 3) for shape in itertools.product((0, 1, 2, 3), repeat=count)]


def run(code: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the code leaves, run where dpwidgets cannot be imported."""
    honest = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "dpwidgets":
            raise ImportError(name)
        return honest(name, *rest)

    names: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", without)
        exec(code, names)
    return names


def same(came: Any, expected: torch.Tensor) -> bool:
    if not isinstance(came, torch.Tensor):
        return False
    looks = [(one.dtype, one.shape, one.stride(), one.storage_offset()) for one in (came, expected)]
    return looks[0] == looks[1] and torch.equal(came.nan_to_num(), expected.nan_to_num())


# --- shapes


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("3, 1", (3, 1)),
        ("(3,)", (3,)),
        (" 2x3 × 4", (2, 3, 4)),
        ("", ()),
        ("[5]", (5,)),
        ("3, ", (3,)),
        ("0", (0,)),
    ],
)
def test_shapes_are_read_as_people_type_them(text: str, shape: tuple[int, ...]) -> None:
    assert read_shape(text, "a") == shape


@pytest.mark.parametrize(
    ("text", "told"),
    [("3, y", "'y'"), ("-1", "'-1'"), ("2.5", r"'2\.5'"), ("1, 1, 1, 1", "4 dimensions"),
     ("99", "at most 12"), ("12, 12", "144 elements")],
)  # fmt: skip
def test_what_is_no_shape_yet_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(NotYet, match=told):
        read_shape(text, "a")


# --- broadcasting, on every pair of 85 shapes


def test_the_aligned_shape_is_that_of_torch() -> None:
    met = clashed = 0
    for a, b in itertools.product(SHAPES, repeat=2):
        try:
            expected = tuple(torch.broadcast_shapes(a, b))
            met += 1
        except RuntimeError:
            expected = None
            clashed += 1
        assert align(a, b).shape == expected, (a, b)
        assert (align(a, b).clash is None) == (expected is not None)
    assert met > 1000
    assert clashed > 1000


@pytest.mark.parametrize(("a", "b"), [((3, 1), (4,)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((2, 3), (2, 3))])
def test_an_element_is_traced_to_the_ones_that_torch_took(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    shape = torch.broadcast_shapes(a, b)
    for own in (a, b):
        values = torch.arange(math.prod(own)).reshape(own)
        wide = values.expand(shape)
        for place in range(wide.numel()):
            index = views.index_at(place, shape)
            assert values[source(index, own)] == wide[index]


def test_the_trap_is_growth_of_both() -> None:
    assert align((5,), (5, 1)).grows()
    assert not align((5,), (5,)).grows()
    assert not align((5, 5), (5, 1)).grows()
    assert not align((1,), (5, 1)).grows()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("left", "right"), [("3, 1", "4"), ("5", "5, 1"), ("2, 3, 4", "3, 1"), ("", ""), ("0", "1")]
)
def test_a_meeting_is_what_torch_computes_and_its_code_too(
    left: str, right: str, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TensorEngine()
    params = {"left": left, "right": right, "operation": operation}
    a, b = (
        (torch.arange(math.prod(s)) + 1).reshape(s) for s in (read_shape(left, "a"), read_shape(right, "b"))
    )
    expected = eval(operation, {"a": 10 * a, "b": b, "torch": torch})
    result = engine.result(params)
    assert result is not None
    assert same(result, expected)
    assert same(run(engine.to_code(params), monkeypatch)["result"], result)


def test_a_clash_is_a_picture_and_its_code_raises_as_torch_does(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TensorEngine()
    params = {"left": "3, 2", "right": "4, 2"}
    assert engine.result(params) is None
    assert engine.render(params).alt == "shapes (3, 2) and (4, 2) clash in dimension -2."
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        run(engine.to_code(params), monkeypatch)


# --- memory


@pytest.mark.parametrize("shape", ["3, 4", "2, 3, 4", "12", "4, 1, 3", "2, 6"])
@pytest.mark.parametrize(
    "look", [*views.EXAMPLES, "x.t()[1:]", "x.permute(1, 2, 0)", "x.mT", "x[..., None]", "x[-1]"]
)
def test_a_look_is_what_torch_gives_and_its_code_too(
    shape: str, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TensorEngine()
    params = {"view": "memory", "shape": shape, "look": OWN_CODE, "code": look}
    x = torch.arange(0, 10 * math.prod(read_shape(shape, "x")), 10).reshape(read_shape(shape, "x"))
    try:
        expected = eval(look, {"x": x})
    except (RuntimeError, IndexError, ValueError) as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert engine.result(params) is None
        assert str(refusal).splitlines()[0] in engine.render(params).alt
        with pytest.raises(type(refusal)):
            run(engine.to_code(params), monkeypatch)
        return
    if expected.dim() > 3:
        assert "4 dimensions" in engine.render(params).alt
        return
    result = engine.result(params)
    assert result is not None
    assert same(result, expected)
    assert same(run(engine.to_code(params), monkeypatch)["result"], result)
    shares = expected.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    assert ("shares the memory" in engine.render(params).alt) == shares


@pytest.mark.parametrize(
    "look", ["x.T", "x[1:, ::2]", "x[:, :1].expand(3, 4)", "x.diagonal()", "x.flip(0)", "x[1, 2]"]
)
def test_places_in_memory_are_those_of_torch(look: str) -> None:
    tensor = views.look(torch.arange(0, 120, 10).reshape(3, 4), look).result
    assert tensor is not None
    storage = torch.tensor(views.storage_values(tensor))
    assert storage[views.offsets(tensor)].tolist() == tensor.flatten().tolist()
    for place, offset in enumerate(views.offsets(tensor)):
        index = views.index_at(place, tensor.shape)
        assert views.offset_sum(tensor, index).endswith(f"= {offset}")


def test_the_cure_for_a_view_of_a_transposed_tensor_is_told() -> None:
    outcome = views.look(torch.zeros(3, 4), "x.t().view(12)")
    assert outcome.result is None
    assert "Use .reshape" in outcome.error
    assert "never copies" in views.why_not(outcome.error)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("", "Type one line"),
        ("x[", "no finished line"),
        ("y.t()", "'y' is not known"),
        ("x.transpos(0, 1)", "did you mean 'transpose'"),
        ("x.t", r"write \.t\( \)"),
        ("x.sum()", "'sum' is not known"),
        ("x[0.5]", "0.5 is no whole number"),
        ("x.view(dtype=1)", "without names"),
        ("x.__class__", "'__class__' is not known"),
        ("(lambda: x)()", "not a look at x"),
        ("x[__import__('os').getpid()]", "no whole number"),
        ("x[:, :1].expand(3, 60)", "180 elements"),
        ("x.T.T.T.T.T", "at most 4"),
        ("x[0].T", "here are 1"),
    ],
)
def test_only_looks_at_x_are_run(code: str, told: str) -> None:
    with pytest.raises(NotYet, match=told):
        views.look(torch.zeros(3, 4), code)


# --- dtypes


@pytest.mark.parametrize(
    "value", [200, -1, 0, 70000, 2**53 + 1, 0.1, 3.7, -2.5, 1e39, float("nan"), float("-inf")]
)
@pytest.mark.parametrize("name", dtypes.NAMES)
def test_a_dtype_keeps_what_torch_keeps(value: float, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dtypes.row(value, 100, name)
    engine = TensorEngine()
    params = {"view": "dtypes", "value": str(value), "add": 100, "dtype": name}
    code = engine.to_code(params)
    try:
        stored = torch.tensor(value, dtype=row.dtype)
    except RuntimeError:
        assert row.stored is None
        assert engine.result(params) is None
        with pytest.raises(RuntimeError, match="without overflow"):
            run(code, monkeypatch)
        return
    assert row.stored == stored.item() or math.isnan(value)
    result = engine.result(params)
    assert result is not None
    assert same(result, stored + 100)
    assert same(run(code, monkeypatch)["result"], result)


@pytest.mark.parametrize(
    ("value", "name", "stored", "total"),
    [
        (200, "uint8", "exact", "wrapped: 300 − 256"),
        (-1, "uint8", "wrapped: -1 + 256", "wrapped: 355 − 256"),
        (70000, "float16", "overflow: up to 65,504", "as it was"),
        (0.1, "bfloat16", "rounded, off by 9.8e-05", "rounded, off by 0.1"),
        (3.7, "int64", "the fraction is cut off", "exact"),
        (2**53 + 1, "float64", "rounded, off by 1", "exact"),
        (1, "bool", "exact", "is int64 now"),
        (300, "uint8", "refused: 0 to 255", ""),
    ],
)
def test_the_difference_is_named(value: float, name: str, stored: str, total: str) -> None:
    row = dtypes.row(value, 100, name)
    assert (row.told, row.total_told) == (stored, total)


@pytest.mark.parametrize("value", [0.1, -2.5, 65504.0])
@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_bits_are_those_of_numpy(value: float, name: str) -> None:
    whole = np.array(value, name).view(f"uint{8 * np.dtype(name).itemsize}")
    tensor = torch.tensor(value, dtype=getattr(torch, name))
    assert int(dtypes.bits(tensor), 2) == int(whole)
    assert sum(count for _, count in dtypes.parts(tensor.dtype)) == len(dtypes.bits(tensor))


# --- the engine as a whole


def test_pictures_are_the_same_for_the_same_parameters_and_chance_is_left_alone() -> None:
    state = torch.get_rng_state()
    for view in ("broadcast", "memory", "dtypes"):
        first, second = (TensorEngine().render({"view": view}) for _ in range(2))
        assert np.array_equal(first.picture, second.picture)
        assert first.alt == second.alt
        half = TensorEngine().render({"view": view}, 0.5).picture
        assert (2 * half.shape[0], 2 * half.shape[1]) == first.picture.shape[:2]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("view", "name", "values"),
    [
        ("broadcast", "cell", range(12)),
        ("memory", "cell", range(12)),
        ("dtypes", "add", (0, 50, 100, 150)),
    ],
)
def test_each_step_of_a_slider_changes_the_picture(view: str, name: str, values: Any) -> None:
    pictures = {TensorEngine().render({"view": view, name: value}, 0.5).picture.tobytes() for value in values}
    assert len(pictures) == len(values)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"left": "3, y"}, "not readable at 'y'"),
        ({"view": "memory", "shape": "7, 7"}, "49 elements"),
        ({"view": "memory", "look": OWN_CODE, "code": "x["}, "no finished line"),
        ({"view": "dtypes", "value": "1e"}, "no number yet"),
        ({"view": "dtypes", "value": str(2**64)}, "does not fit into int64"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_the_picture(params: dict[str, Any], told: str) -> None:
    engine = TensorEngine()
    assert told in engine.render(params).alt
    assert engine.result(params) is None
    assert told in engine.to_code(params)
    exec(engine.to_code(params), {})  # a comment


def test_a_result_too_large_to_draw_still_comes_out() -> None:
    engine = TensorEngine()
    params = {"left": "8, 8", "right": "8, 1, 1"}
    assert "512 elements" in engine.render(params).alt
    result = engine.result(params)
    assert result is not None
    assert result.shape == (8, 8, 8)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"vew": "memory"}, "'vew'.*'view'"),
        ({"view": "memroy"}, "'memroy'.*'memory'"),
        ({"cell": 64}, "cell=64 .* 0 to 63"),
        ({"cell": -1}, "cell=-1"),
        ({"add": 1.5}, "add=1.5"),
        ({"left": 3}, "left=3 .* text"),
        ({"code": "x" * 81}, "81 characters"),
        ({"dtype": "float8"}, "'float8'.*'float16'|'float8'"),
    ],
)
def test_a_refusal_names_the_parameter(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TensorEngine().check(wrong)


@pytest.mark.parametrize("look", LOOKS)
def test_every_choice_can_be_drawn_on_shapes_of_all_kinds(look: str) -> None:
    for shape in ("", "0", "1", "12", "2, 2, 2", "0, 3"):
        TensorEngine().render({"view": "memory", "shape": shape, "look": look}, 0.25)


def test_cells_stay_inside_their_box() -> None:
    for shape in [*SHAPES, (4, 4, 4), (12, 5), (1, 1, 12), (12, 2, 2)]:
        grid = Grid.fit(shape, (20, 30, 320, 180))
        for place in range(math.prod(shape)):
            left, top, right, bottom = grid.cell(views.index_at(place, torch.Size(shape)))
            assert 20 <= left < right <= 320.001, shape
            assert 30 <= top < bottom <= 180.001, shape


def test_a_sum_is_compared_with_the_exact_one() -> None:
    assert dtypes.row(2**53, 1, "float64").total_told == "rounded, off by 1"
    assert dtypes.row(3e38, 100, "float32").total_told == "rounded, off by 1e+02"
    assert dtypes.row(2**53, 2, "float64").total_told == "exact"
