"""Orders as they come from three shops: a dirty table, row by row, so that any part is made without the rest.

Row `i` depends on the seed and `i` alone. The columns:

- `order_id` int64: some 3 % of the rows are later versions of an order whose first row may lie anywhere;
- `revision` int64: differs in every row; of the rows of one order the highest counts;
- `ordered` str: "2024-03-17" or "17/03/2024";
- `price` str: "1,234.56", "€1,234.56", "1234.56"; missing as "", "n/a" or null;
- `weight` str: "1.25 kg", "1250 g", "2.76 lb"; missing as null;
- `category` str: five categories in four spellings each;
- `note` str: free text of some 400 characters, with stray spaces.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

CATEGORIES = ("books", "garden", "kitchen", "music", "toys")
_SPELLINGS = {
    "books": ("books", "Books", " BOOKS ", "Book"),
    "garden": ("garden", "Garden ", "GARDENING", "gardening"),
    "kitchen": ("kitchen", "Kitchen", "kitchenware", " KITCHEN"),
    "music": ("music", "Music", "MUSIC  ", "records"),
    "toys": ("toys", "Toy", "TOYS", "toys & games "),
}
_PHRASES = (
    "Please leave the parcel with the neighbours on the second floor if nobody opens. ",
    "Gift wrapping, with a card that says happy birthday, and no bill inside.  ",
    " The last delivery came with a dent in the box, so please use a stronger one this time. ",
    "Customer called twice about the date and agreed to wait for the second half of the month.   ",
    "Discount of the spring campaign was granted by hand; see the mail of the shop. ",
    "\tThe address is the one of the office: open on working days between nine and five only. ",
    "Exchange for the order of last week: wrong colour, the right one is blue. ",
    "Paid in advance by bank transfer, receipt wanted on paper, two copies. ",
)
_PHRASES_IN_NOTE = 5
_DAYS = pd.date_range("2020-01-01", "2025-12-31", unit="us")
_DUPLICATES = 3  # per cent
_MISSING = 4  # per cent, in price and in weight


@dataclass(frozen=True)
class DirtyTable:
    """A generated table.

    Attributes:
        rows: how many; at most 2**32.
        seed: of all values.
    """

    rows: int
    seed: int = 0

    def part(self, start: int, stop: int) -> pd.DataFrame:
        """Rows `start` to `stop - 1`, numbered as in the whole table; ValueError where there are no such."""
        if not 0 <= start < stop <= self.rows <= 2**32:
            raise ValueError(
                f"rows {start} to {stop} are not part of a table of {self.rows} rows (at most 2**32)."
            )
        row = np.arange(start, stop, dtype=np.uint64)
        again = (self._chance(row, "again") % 100 < _DUPLICATES) & (row > 0)
        earlier = self._chance(row, "which") % np.maximum(row, 1)
        return pd.DataFrame(
            {
                "order_id": np.where(again, earlier, row).astype(np.int64),
                # An odd factor: no two rows get the same number, and a later row is not always newer.
                "revision": (row * np.uint64(2654435761) % np.uint64(2**32)).astype(np.int64),
                "ordered": self._dates(row),
                "price": self._prices(row),
                "weight": self._weights(row),
                "category": self._categories(row),
                "note": self._notes(row),
            }
        )

    def parts(self, count: int) -> Iterator[pd.DataFrame]:
        """The whole table in `count` parts, as equal as can be."""
        cuts = [self.rows * number // count for number in range(count + 1)]
        yield from (self.part(start, stop) for start, stop in pairwise(cuts))

    def write(self, folder: Path, count: int) -> list[Path]:
        """The table as `count` Parquet files; one part at a time is in memory."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for number, part in enumerate(self.parts(count)):
            paths.append(folder / f"part-{number:04}.parquet")
            part.to_parquet(paths[-1], index=False)
        return paths

    def _chance(self, row: np.ndarray, column: str) -> np.ndarray:
        """Even 64-bit numbers that depend on seed, column and row alone (splitmix64)."""
        name = f"{self.seed}/{column}".encode()
        start = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little")
        with np.errstate(over="ignore"):
            number = (row + np.uint64(start)) * np.uint64(0x9E3779B97F4A7C15)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                number = (number ^ (number >> np.uint64(shift))) * np.uint64(factor)
            return number ^ (number >> np.uint64(31))

    def _dates(self, row: np.ndarray) -> pd.Series:
        days = self._chance(row, "day") % len(_DAYS)
        either = self._chance(row, "format") % 2
        texts = np.array([_DAYS.strftime("%Y-%m-%d"), _DAYS.strftime("%d/%m/%Y")], dtype=object)
        return pd.Series(texts[either, days], dtype="str")

    def _prices(self, row: np.ndarray) -> pd.Series:
        cents = 100 + (self._chance(row, "cents") % 300) * (self._chance(row, "price") % 2000)
        form = self._chance(row, "currency") % 3
        gap = self._chance(row, "unpriced") % (100 * 3)
        texts = [
            _price(value, kind) if lost >= 3 * _MISSING else ("", "n/a", None)[lost % 3]
            for value, kind, lost in zip(cents.tolist(), form.tolist(), gap.tolist(), strict=True)
        ]
        return pd.Series(texts, dtype="str")

    def _weights(self, row: np.ndarray) -> pd.Series:
        tens = 5 + self._chance(row, "weight") % 1500
        unit = self._chance(row, "unit") % 3
        gap = self._chance(row, "unweighed") % 100
        texts = [
            _weight(value, kind) if lost >= _MISSING else None
            for value, kind, lost in zip(tens.tolist(), unit.tolist(), gap.tolist(), strict=True)
        ]
        return pd.Series(texts, dtype="str")

    def _categories(self, row: np.ndarray) -> pd.Series:
        texts = np.array([_SPELLINGS[name] for name in CATEGORIES], dtype=object)
        category = self._chance(row, "category") % len(CATEGORIES)
        return pd.Series(texts[category, self._chance(row, "spelling") % 4], dtype="str")

    def _notes(self, row: np.ndarray) -> pd.Series:
        phrases = pa.array(_PHRASES)
        chance = self._chance(row, "note")
        chosen = [
            phrases.take(pa.array(chance >> np.uint64(8 * place) & np.uint64(7)))
            for place in range(_PHRASES_IN_NOTE)
        ]
        return pc.binary_join_element_wise(*chosen, "").to_pandas().astype("str")


def _price(cents: int, form: int) -> str:
    euros, rest = divmod(cents, 100)
    return (f"{euros:,}.{rest:02}", f"€{euros:,}.{rest:02}", f"{euros}.{rest:02}")[form]


def _weight(tens: int, unit: int) -> str:
    """`tens` of grams in one of three units; pounds to two digits."""
    if unit == 0:
        return f"{tens // 100}.{tens % 100:02} kg"
    if unit == 1:
        return f"{tens * 10} g"
    return f"{tens / 45.359237:.2f} lb"
