"""The cleaning job: the same result to the last digit, whoever runs it, in however many parts.

Three steps, each a plain pandas function of one part, so that pandas, Dask (`map_partitions`) and Spark
(`mapInPandas`) can run them:

1. `versions(part)` → all parts together → `latest_versions`: which row of an order counts. Duplicates may lie
   in different parts, so no part can tell alone.
2. `tally(part, latest)` → all parts together → `statistics`: what missing values are filled with.
3. `clean_partition(part, statistics)`: row by row.

Sums of floats depend on their order, and so on the parts. Here all sums are of integers: prices in cents,
weights counted on a grid of 10 g. Integers may be added in any order.
"""

from dataclasses import dataclass

import pandas as pd

from dpwidgets.prep.tables_at_scale.rows import CATEGORIES

_SYNONYMS = {
    "book": "books",
    "gardening": "garden",
    "kitchenware": "kitchen",
    "records": "music",
    "toy": "toys",
    "toys & games": "toys",
}
_TEXT = ("ordered", "price", "weight", "category", "note")
TALLY_NEEDS = ["order_id", "revision", "price", "weight", "category"]
_GRAMS_ON_GRID = 10
# Hundredths of a pound in steps of the grid: 0.45359237, as integers so that no rounding depends on a float.
_POUND = 45_359_237, 100_000_000

CLEANED = pd.DataFrame(
    {
        "order_id": pd.Series(dtype="int64"),
        "ordered": pd.Series(dtype="datetime64[us]"),
        "price": pd.Series(dtype="float64"),
        "weight_kg": pd.Series(dtype="float64"),
        "category": pd.Series(dtype="str"),
        "note": pd.Series(dtype="str"),
        "price_filled": pd.Series(dtype="bool"),
        "weight_filled": pd.Series(dtype="bool"),
    }
)
TALLIED = pd.DataFrame(
    {
        "of": pd.Series(dtype="str"),
        "place": pd.Series(dtype="int64"),
        "value": pd.Series(dtype="int64"),
    }
)


@dataclass(frozen=True)
class Statistics:
    """What a part must know of the whole table.

    Attributes:
        latest: orders that have several rows: order_id -> the revision that counts, int64.
        price: category -> its mean price in cents, rounded to the nearest.
        weight: the median weight in steps of 10 g (of an even number the lower middle one).
    """

    latest: pd.Series
    price: dict[str, int]
    weight: int


def versions(part: pd.DataFrame) -> pd.DataFrame:
    """Orders and revisions of a part: 16 bytes a row, which go to one place."""
    return part[["order_id", "revision"]]


def latest_versions(found: pd.DataFrame) -> pd.Series:
    """Of the orders with several rows: order_id -> the revision that counts, int64, sorted.

    Raises:
        ValueError: two rows of one order have the same revision, so that neither can be called the latest.
    """
    several = found[found["order_id"].duplicated(keep=False)]
    same = several[several.duplicated()]
    if len(same):
        order, revision = same.iloc[0]
        raise ValueError(
            f"order {order} has revision {revision} twice; decide by another column which of its rows counts."
        )
    return several.groupby("order_id")["revision"].max()


def tally(part: pd.DataFrame, latest: pd.Series) -> pd.DataFrame:
    """Sums and counts of a part, which add up over parts.

    Args:
        part: needs the columns `TALLY_NEEDS` alone.
        latest: from `latest_versions`.

    Returns:
        columns as in `TALLIED`, a row for each `of` and `place`: "cents" and "priced" (sum and number of
        prices) at the number of their category, "weighed" (how many) at each weight in steps of 10 g.
    """
    part = _current(part[TALLY_NEEDS], latest)
    category = _categories(part["category"]).map({name: number for number, name in enumerate(CATEGORIES)})
    cents = _cents(part["price"])
    by_category = cents.groupby(category.to_numpy()).agg(["sum", "count"])
    weights = _weights(part["weight"]).dropna().value_counts(sort=False)
    columns = {"cents": by_category["sum"], "priced": by_category["count"], "weighed": weights}
    frames = [
        pd.DataFrame(
            {
                "of": pd.Series([of] * len(values), dtype="str"),
                "place": values.index.to_numpy("int64"),
                "value": values.to_numpy("int64"),
            }
        )
        for of, values in columns.items()
    ]
    return pd.concat(frames, ignore_index=True)


def statistics(tallies: pd.DataFrame, latest: pd.Series) -> Statistics:
    """From the tallies of all parts, in any order.

    Raises:
        ValueError: a category has no price at all, or no row has a weight.
    """
    total = tallies.groupby(["of", "place"])["value"].sum()
    price = {}
    for number, name in enumerate(CATEGORIES):
        count = int(total.get(("priced", number), 0))
        if count == 0:
            raise ValueError(f"no row of category {name!r} has a price; there is no mean to fill in.")
        price[name] = (2 * int(total["cents", number]) + count) // (2 * count)
    if "weighed" not in total.index.get_level_values("of"):
        raise ValueError("no row has a weight; there is no median to fill in.")
    counts = total["weighed"].sort_index().cumsum()
    middle = int(counts.to_numpy().searchsorted((int(counts.iloc[-1]) + 1) // 2))
    return Statistics(latest, price, int(counts.index[middle]))


def clean_partition(part: pd.DataFrame, statistics: Statistics) -> pd.DataFrame:
    """The clean rows of a part, in its order.

    Returns:
        columns and dtypes as in `CLEANED`: price in euros, weight in kilograms, a flag for each filled value.

    Raises:
        ValueError: a price, a weight, a category or a date that is written in no known way.
    """
    part = _current(part, statistics.latest)
    category = _categories(part["category"])
    cents, weights = _cents(part["price"]), _weights(part["weight"])
    return pd.DataFrame(
        {
            "order_id": part["order_id"],
            "ordered": _dates(part["ordered"]),
            # One division of whole numbers each: the nearest float, the same everywhere.
            "price": cents.fillna(category.map(statistics.price).astype("Int64")).astype("int64") / 100,
            "weight_kg": weights.fillna(statistics.weight).astype("int64") / 100,
            "category": category,
            "note": _one_space(part["note"]),
            "price_filled": cents.isna(),
            "weight_filled": weights.isna(),
        }
    ).reset_index(drop=True)


def _current(part: pd.DataFrame, latest: pd.Series) -> pd.DataFrame:
    """Without the rows of which there is a later version, in this part or in another."""
    # Each engine has its own type of text, with its own missing value: Dask `string`, Spark Python objects.
    part = part.astype({name: "str" for name in _TEXT if name in part})
    counts = part["order_id"].map(latest).fillna(part["revision"]) == part["revision"]
    return part[counts]


def _categories(texts: pd.Series) -> pd.Series:
    names = texts.str.strip().str.lower().replace(_SYNONYMS)
    _all_known("category", texts, names.isin(CATEGORIES))
    return names


def _cents(texts: pd.Series) -> pd.Series:
    """Int64, missing where there is no price."""
    plain = texts.str.replace("[€,]", "", regex=True)
    missing = plain.isna() | plain.isin(["", "n/a"])
    _all_known("price", texts, missing | plain.str.fullmatch(r"\d+\.\d\d"))
    return plain.mask(missing).str.replace(".", "", regex=False).astype("Int64")


def _weights(texts: pd.Series) -> pd.Series:
    """Int64, in steps of 10 g, missing where there is no weight."""
    number, unit = texts.str.slice(stop=-2).str.strip(), texts.str.slice(start=-2)
    whole = number.str.replace(".", "", regex=False)
    kilograms, grams, pounds = (unit == name for name in ("kg", " g", "lb"))
    fine = number.str.fullmatch(r"\d+\.\d\d") & (kilograms | pounds) | number.str.fullmatch(r"\d+") & grams
    _all_known("weight", texts, texts.isna() | fine)
    count = whole.astype("Int64")
    factor, scale = _POUND
    in_pounds = (count * factor + scale // 2) // scale
    in_grams = (count + _GRAMS_ON_GRID // 2) // _GRAMS_ON_GRID
    return count.mask(pounds, in_pounds).mask(grams, in_grams)


def _dates(texts: pd.Series) -> pd.Series:
    iso = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    dates = iso.fillna(pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce"))
    _all_known("date", texts, dates.notna())
    return dates.astype("datetime64[us]")


def _one_space(texts: pd.Series) -> pd.Series:
    # A pattern for all white space would stop at every word; this takes a quarter of the time.
    return texts.str.replace("\t", " ", regex=False).str.replace("  +", " ", regex=True).str.strip()


def _all_known(what: str, texts: pd.Series, known: pd.Series) -> None:
    if not known.all():
        text = texts[~known.astype(bool)].iloc[0]
        raise ValueError(f"{what} {text!r} is written in no way that the job knows; add it to the job.")
