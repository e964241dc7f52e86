"""Where a step does harm without a word: one test each, in a table, with what to say and the cure."""

from collections.abc import Callable
from typing import NamedTuple

from dpwidgets.prep.transforms.catalogue import OWN
from dpwidgets.prep.transforms.facts import Facts
from dpwidgets.prep.transforms.stepping import Passage, Run

_TAKES_ARRAYS = ("to_image", "to_tensor", "times_255")
_TENSORS_ALONE = ("to_dtype", "to_pure_tensor")


class Finding(NamedTuple):
    """Something to tell about a step. `sign` is "✕" (it failed) or "▲" (it did harm)."""

    sign: str
    name: str
    sentence: str
    cure: str


class Hazard(NamedTuple):
    """A silent harm. The sentence may use {b} and {a}, the Facts before and after the step, and {v}, its
    values."""

    name: str
    test: Callable[[Passage], bool]
    sentence: str
    cure: str


def untouched(p: Passage) -> bool:
    if p.before.kind == "array":
        return p.step.op not in _TAKES_ARRAYS
    if p.before.kind == "PIL":
        return p.step.op in _TENSORS_ALONE
    return p.step.op == "pil_to_tensor"


def permuted(p: Passage) -> bool:
    shape = p.before.shape
    converts = p.step.op in ("to_image", "to_tensor") and p.before.kind == "array"
    return converts and len(shape) == 3 and shape[0] in (1, 3) and shape[-1] not in (1, 3, 4)


def wrapped_16_bits(p: Passage) -> bool:
    return p.before.mode.startswith("I;16") and p.step.op == "to_tensor"


def cut_16_bits(p: Passage) -> bool:
    return p.before.mode.startswith("I;16") and p.after.mode in ("L", "RGB")


def not_scaled(p: Passage) -> bool:
    return p.step.op in ("to_dtype", "to_tensor") and not p.before.is_float and p.after.raw


def float_not_scaled(p: Passage) -> bool:
    if p.before.kind == "PIL" or not (p.before.raw and p.after.raw) or p.normalized:
        return False
    return p.step.op == "to_tensor" or (p.step.op == "to_dtype" and p.after.kind == "tensor")


def cut_to_whole(p: Passage) -> bool:
    scales = p.step.values.get("scale") == "scale=True"
    return p.step.op == "to_dtype" and p.before.is_float and not p.after.is_float and not scales


def wrapped_by_scaling(p: Passage) -> bool:
    scales = p.step.values.get("scale") == "scale=True"
    whole = p.step.op == "to_dtype" and p.before.is_float and not p.after.is_float
    return whole and scales and p.before.outside > 0


def half_precision(p: Passage) -> bool:
    return p.step.op == "to_dtype" and p.after.dtype == "float16"


def multiplied(p: Passage) -> bool:
    return p.step.op == "times_255" and p.after.raw


def overflowed(p: Passage) -> bool:
    return p.step.op == "times_255" and not p.before.is_float


def normalized_unscaled(p: Passage) -> bool:
    fixed = p.step.op == "normalize" and p.step.values["stats"] != OWN
    return fixed and p.before.raw and not p.normalized and p.before.kind == "tensor"


def normalized_twice(p: Passage) -> bool:
    return p.step.op == "normalize" and p.normalized


def grey_broadcast(p: Passage) -> bool:
    return p.step.op == "normalize" and p.before.channels == 1 and p.after.channels == 3


def distorted(p: Passage) -> bool:
    square = p.step.op == "resize_square" and not untouched(p)
    return square and not 0.95 < p.before.width / p.before.height < 1.05


def not_smoothed(p: Passage) -> bool:
    rough = p.step.values.get("antialias") == "antialias=False" and p.before.kind == "tensor"
    return rough and p.before.height / p.after.height > 1.5


def padded(p: Passage) -> bool:
    if p.step.op != "center_crop" or untouched(p):
        return False
    return p.before.height < p.after.height or p.before.width < p.after.width


def colours_cut(p: Passage) -> bool:
    return p.step.op == "color_jitter" and p.before.is_float and p.after.outside < p.before.outside


def fill_is_grey(p: Passage) -> bool:
    return p.normalized and p.step.values.get("fill") == "0" and p.before.kind == "tensor"


def fill_out_of_range(p: Passage) -> bool:
    if "fill" not in p.step.values or untouched(p) or p.normalized:
        return False
    fill = float(p.step.values["fill"])
    floats = p.before.is_float and not p.before.raw
    return not 0 <= fill <= 1 if floats else fill in (-1, 0.5)


def one_draw(p: Passage) -> bool:
    return p.step.entry.draws and len(p.before.shape) == 4


# Read from the top; several may hold for one step.
HAZARDS = (
    Hazard("left as it was", untouched,
           "This step knows nothing to do with {b.type_name}, so it hands it on unchanged, without a word.",
           "Put ToImage first."),
    Hazard("axes turned", permuted,
           "The step takes an array for (H, W, C) and turned {b.shape_text} into {a.shape_text}: "
           "{a.channels} channels.",
           "Turn it first, array.transpose(1, 2, 0), or make it a tensor with torch.from_numpy."),
    Hazard("16 bits wrap", wrapped_16_bits,
           "The 16-bit values were read as int16: what was above 32,767 is negative now ({a.low:,.0f}).",
           "Use ToImage and ToDtype(torch.float32, scale=True)."),
    Hazard("16 bits cut", cut_16_bits,
           "PIL cut each of the 16-bit values off at 255; nearly everything is white.",
           "Use ToImage and ToDtype(torch.float32, scale=True) before any other step."),
    Hazard("not scaled", not_scaled,
           "The values are floats now and still run up to {a.high:,.0f}; what follows expects 0 to 1.",
           "Use ToDtype(torch.float32, scale=True) on whole numbers."),
    Hazard("floats are not scaled", float_not_scaled,
           "Only whole numbers are scaled. These were floats already, and still run up to {a.high:,.0f}.",
           "Divide by 255 yourself, or give the image as uint8."),
    Hazard("fractions lost", cut_to_whole,
           "Without scale=True everything after the decimal point is dropped: {a.low:.0f} … {a.high:.0f} is "
           "left.",
           "Use scale=True."),
    Hazard("values wrap", wrapped_by_scaling,
           "{b.outside:.0%} of the values lay outside 0 … 1, and uint8 has no room for them.",
           "Undo Normalize, or clamp to 0 … 1, before you go back to uint8."),
    Hazard("few digits", half_precision,
           "float16 keeps about three digits, and many steps on the CPU are slow or missing for it.",
           "Prepare in float32; let autocast choose float16 for the model."),
    Hazard("× 255", multiplied, "The values run up to {a.high:,.0f}; what follows expects 0 to 1.",
           "Remove it: ToDtype(torch.float32, scale=True) gives the range that a model expects."),
    Hazard("uint8 overflows", overflowed,
           "{b.dtype} ends at its highest value and starts again at the lowest: 2 × 255 is kept as 254.",
           "Go to float32 before you calculate."),
    Hazard("normalised unscaled", normalized_unscaled,
           "The mean and deviation are for values from 0 to 1, but {b.high:,.0f} came in and "
           "{a.high:,.0f} went out.",
           "Scale first: ToDtype(torch.float32, scale=True)."),
    Hazard("normalised twice", normalized_twice,
           "The values were normalised before; the mean is {a.mean:.2f} and the deviation {a.std:.2f} now.",
           "Keep one Normalize, the last of the steps that change values."),
    Hazard("grey became three", grey_broadcast,
           "Three means on one channel: broadcasting made three channels, each shifted in its own way.",
           "Put RGB() between ToImage and Normalize, or normalise with one mean and one deviation."),
    Hazard("shape distorted", distorted,
           "{b.width} × {b.height} was squeezed to {a.width} × {a.height}: round things are oval now.",
           "Use Resize(size), then CenterCrop(size)."),
    Hazard("jagged", not_smoothed,
           "Without smoothing only every {r:.1f}th pixel is looked at; fine patterns turn into false ones.",
           "Use antialias=True."),
    Hazard("black border", padded,
           "The image, {b.width} × {b.height}, is smaller than the crop; zeros were put around it.",
           "Resize first, to at least the size of the crop."),
    Hazard("values cut", colours_cut,
           "The step cuts everything at 0 and 1: {b.outside:.0%} of the values lay outside.",
           "Change colours before Normalize."),
    Hazard("fill is mid-grey", fill_is_grey,
           "After Normalize 0 is the mean colour, not black: see the spike at 0. To a model it is a grey "
        "object; only a picture that is cut off at 0 shows it black.",
           "Do this before Normalize, or fill with the value of black."),
    Hazard("fill out of range", fill_out_of_range,
           "fill={v[fill]} does not belong to values that run from {b.low:.3g} to {b.high:.3g}.",
           "Give the fill in the range that the image has at this point."),
    Hazard("one draw for all", one_draw,
           "The random numbers are drawn once a call: all images of the batch get the same change.",
           "Transform each image in the Dataset, before they are batched."),
)  # fmt: skip


def harms(passage: Passage) -> list[Finding]:
    """What a step did silently."""
    before, after = passage.before, passage.after
    told = {"b": before, "a": after, "v": passage.step.values, "r": before.height / after.height}
    return [
        Finding("▲", one.name, one.sentence.format(**told), one.cure) for one in HAZARDS if one.test(passage)
    ]


class EndHazard(NamedTuple):
    """Something wrong with what a pipeline ends with. The sentence may use {e}, the Facts at the end."""

    name: str
    test: Callable[[Facts], bool]
    sentence: str
    cure: str


END_HAZARDS = (
    EndHazard("ends as a PIL image", lambda e: e.kind == "PIL",
              "The DataLoader cannot put PIL images into a batch: default_collate raises TypeError.",
              "End with ToImage and ToDtype(torch.float32, scale=True)."),
    EndHazard("ends as an array", lambda e: e.kind == "array",
              "A model expects a float32 tensor (C, H, W); this is still an array, {e.dtype} {e.shape_text}.",
              "End with ToImage and ToDtype(torch.float32, scale=True)."),
    EndHazard("no float at the end", lambda e: e.kind == "tensor" and not e.is_float,
              "It ends as {e.dtype}; a model's weights are float32, and its first layer raises RuntimeError.",
              "End with ToDtype(torch.float32, scale=True)."),
    EndHazard("not float32", lambda e: e.kind == "tensor" and e.is_float and e.dtype != "float32",
              "It ends as {e.dtype}; a model's weights are float32, and its first layer raises RuntimeError.",
              "End with ToDtype(torch.float32)."),
    EndHazard("odd channels", lambda e: e.kind == "tensor" and e.channels not in (1, 3),
              "It ends with {e.channels} channels; models for images take 3, or 1.",
              "RGB() drops transparency; a wrong order of the axes is mended at the start."),
)  # fmt: skip


def sizes_differ(run: Run, sizes: set[tuple[int, int]]) -> bool:
    """Whether images of these sizes (height, width) leave the pipeline with different sizes."""
    if len(sizes) < 2 or len(run.start.shape) == 4:
        return False
    return not any(passage.step.entry.fixes_size and not untouched(passage) for passage in run.passages)


def end_harms(run: Run, sizes: set[tuple[int, int]]) -> list[Finding]:
    """What is wrong with the end of a run that came through; `sizes` are those of some images of the set."""
    end = run.end
    found = [
        Finding("▲", one.name, one.sentence.format(e=end), one.cure) for one in END_HAZARDS if one.test(end)
    ]
    if sizes_differ(run, sizes):
        (h1, w1), (h2, w2) = sorted(sizes)[:2]
        found.append(
            Finding(
                "▲", "sizes differ",
                f"Images of {w1} × {h1} and {w2} × {h2} leave with different sizes: torch.stack raises "
                "RuntimeError.",
                "Use CenterCrop(size), RandomResizedCrop(size) or Resize((size, size)).",
            )
        )  # fmt: skip
    return found
