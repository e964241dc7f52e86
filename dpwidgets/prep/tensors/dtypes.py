"""What each dtype keeps of a number, and what a sum in it gives."""

import math
from dataclasses import dataclass
from fractions import Fraction

import torch

from dpwidgets.prep.tensors.shapes import NotYet

NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
Value = int | float | bool
_INT64 = 2**63


@dataclass(frozen=True)
class Row:
    """One dtype and a number in it."""

    name: str
    stored: Value | None  # torch.tensor(value, dtype=...); None where torch refuses
    told: str  # how the stored value differs from the typed one
    kept: bool  # it does not differ
    total: Value | None  # the sum; None where there is nothing to add to
    total_told: str
    total_kept: bool

    @property
    def dtype(self) -> torch.dtype:
        return getattr(torch, self.name)


def read_value(text: str) -> int | float:
    """The number that is typed; NotYet where it is none, or a whole number that int64 cannot hold."""
    for kind in (int, float):
        try:
            value = kind(text.strip())
        except ValueError:
            continue
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise NotYet(
                f"{value} does not fit into int64, torch's largest whole numbers. Type it with a dot."
            )
        return value
    raise NotYet(f"{text.strip()!r} is no number yet; type one such as 200, -1, 0.1 or 1e5.")


def row(value: int | float, add: int, name: str) -> Row:
    """What `torch.tensor(value, dtype)` stores and what adding `add` to it gives."""
    dtype = getattr(torch, name)
    try:
        stored = torch.tensor(value, dtype=dtype)
    except RuntimeError:
        return Row(name, None, f"refused: {limits(dtype)}", False, None, "", False)
    total = stored + add
    kept, told = _difference(value, stored)
    if total.dtype != dtype:
        total_kept, total_told = False, f"is {str(total.dtype).removeprefix('torch.')} now"
    else:
        held = stored.item()
        # Exact: a sum of floats would be rounded just as the tensor's is.
        wanted = Fraction(held) + add if math.isfinite(held) else held + add
        total_kept, total_told = _difference(wanted, total)
    return Row(name, stored.item(), told, kept, total.item(), total_told, total_kept)


def limits(dtype: torch.dtype) -> str:
    """Smallest and largest number, for floats the largest alone."""
    if dtype == torch.bool:
        return "False or True"
    if dtype.is_floating_point:
        largest = torch.finfo(dtype).max
        return f"up to {largest:,.0f}" if largest < 1e6 else f"up to {largest:.2g}"
    info = torch.iinfo(dtype)
    if info.bits > 16:
        return f"±{info.max:.2g}"
    return f"{info.min:,} to {info.max:,}"


def bits(tensor: torch.Tensor) -> str:
    """The bits of a single number as it lies in memory, the highest first."""
    whole = tensor.reshape(1).contiguous().view(torch.uint8)
    return "".join(f"{byte:08b}" for byte in reversed(whole.tolist()))


def parts(dtype: torch.dtype) -> tuple[tuple[str, int], ...]:
    """What the bits mean, from the highest: (name, how many)."""
    count = 8 * dtype.itemsize
    if dtype.is_floating_point:
        exponent = {torch.float16: 5, torch.bfloat16: 8, torch.float32: 8, torch.float64: 11}[dtype]
        return ("sign", 1), ("exponent", exponent), ("fraction", count - 1 - exponent)
    if dtype in (torch.uint8, torch.bool):
        return (("value", count),)
    return ("sign", 1), ("value", count - 1)


def _difference(wanted: int | float | Fraction, held: torch.Tensor) -> tuple[bool, str]:
    """Whether `held` is `wanted`, and otherwise how it came to differ."""
    has = held.item()
    if has == wanted or (math.isnan(wanted) and math.isnan(has)):
        return True, "exact" if math.isfinite(wanted) else "as it was"
    if held.dtype == torch.bool:
        return False, "anything but 0 is True"
    if held.dtype.is_floating_point:
        if math.isinf(has):
            return False, f"overflow: {limits(held.dtype)}"
        off = abs(Fraction(has) - Fraction(wanted))  # exact, also beyond 2**53
        return False, f"rounded, off by {float(off):.2g}"
    if isinstance(wanted, float):
        return False, "the fraction is cut off"
    sign = "−" if wanted > has else "+"
    return False, f"wrapped: {wanted} {sign} {abs(wanted - has)}"
