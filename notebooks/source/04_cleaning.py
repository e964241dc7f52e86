# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 Cleaning
#
# Real data has holes, wrong units, names in five spellings and rows that come twice. A model learns from all of
# it and never complains. This chapter breaks data on purpose: then the truth is known, and the error of every
# repair can be measured.
#
# **After this chapter you can**
#
# - find and mend numbers kept as text, mixed units, spellings, dates and duplicates,
# - say why values are missing, and which repair fits: dropping rows, or [imputation](pages/glossary.ipynb#imputation)
#   by mean, median, mode, KNN, iterative, multiple,
# - find [outliers](pages/glossary.ipynb#outlier) that hide from the z-score, and decide what to do with them,
# - [standardise](pages/glossary.ipynb#standardisation) and normalise ([min-max](pages/glossary.ipynb#min-max-scaling))
#   by the right formula, fitted in the right place,
# - put a gate at the end that lets only clean tables through, and turn such a table into
#   [tensors](pages/glossary.ipynb#tensor).
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | pandas: `DataFrame`, a column, a mask | needed | the pandas "10 minutes" guide |
# | Mean, standard deviation, correlation | needed | any school book of statistics |
# | Tensors: shape, dtype | needed | [chapter 01](01_tensors.ipynb) |
# | `fit` and `predict` in scikit-learn | helpful | section 1 shows it |
#
# **Time:** 80 minutes to read and try, with the lab and the exercises. The cells alone run for about 20
# seconds.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import difflib
import io
import unicodedata
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn import cluster, compose, datasets, ensemble, linear_model, metrics, neighbors, tree
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  makes IterativeImputer importable
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from dpwidgets import RepairLab, audit_folder, exercise, palette, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Integer, Number, Text, check_parameters

warnings.filterwarnings("ignore", "PySpark")  # pandera loads it where it is there; it warns of pandas 3
import pandera.pandas as pa

# %% tags=["parameters"]
data_file = None  # a CSV file of your own, in UTF-8, for the first look in section 1; None takes the bikes
seed = 0  # start of chance, a whole number from 0 to 1,000,000
bikes = 400  # bikes in the list that gets dirty, 200 to 2,000
rows = 1000  # hours in the weather table that gets holes, 300 to 5,000
share = 0.3  # share of the values that go missing, 0.1 to 0.5
repeats = 100  # repeats of the experiment on multiple imputation, 20 to 1,000

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_file=Text(optional=True),
    seed=Integer(0, 1_000_000),
    bikes=Integer(200, 2000),
    rows=Integer(300, 5000),
    share=Number(0.1, 0.5),
    repeats=Integer(20, 1000),
)
if data_file is not None and not Path(data_file).expanduser().is_file():
    raise FileNotFoundError(f"data_file = {data_file!r}: there is no such file; give the path of a CSV file")
use_style()


def attempt(what: str, action) -> None:
    """Run `action`; print what it gives, or the first line of its error."""
    try:
        print(f"{what:37} {action()}")
    except Exception as error:
        print(f"{what:37} {type(error).__name__}: {str(error).splitlines()[0]}")


# %% [markdown]
# ## 1. A table as it arrives
#
# A shop sells used bikes and keeps a list: brand, frame, kilometres, the day it was bought, price. We make the
# true list first. The last quarter stays apart, clean: the test.
#
# Then the others are typed in again, as busy people do. **Question:** read `as_typed`. How many kinds of dirt
# do you count? And which columns will pandas read as numbers? The profile in the third cell takes any table: set
# `data_file` to see your own. The fourth cell asks what the dirt costs.

# %%
rng = np.random.default_rng(seed)
age = rng.uniform(0, 5, bikes)  # years
truth = pd.DataFrame(
    {
        "brand": rng.choice(["Alto", "Borea", "Cima"], bikes, p=[0.5, 0.3, 0.2]),
        "frame": rng.normal(54, 4, bikes).round(1),  # centimetres
        "km": rng.gamma(2, 2000, bikes).round(),
        "bought": pd.Timestamp("2025-01-01") - pd.to_timedelta((age * 365).astype(int), unit="D"),
    }
)
worth = truth["brand"].map({"Alto": 900, "Borea": 1300, "Cima": 1900}) + 10 * (truth["frame"] - 54)
truth["price"] = (worth - 0.03 * truth["km"] - 40 * age + rng.normal(0, 40, bikes)).clip(lower=60).round()
sold, test = truth.iloc[: -bikes // 4].copy(), truth.iloc[-bikes // 4 :]
in_cents = rng.random(len(sold)) < 0.12  # one till counts in cents
sold.loc[in_cents, "price"] *= 100
print(len(sold), "bikes to learn from,", len(test), "to test on;", in_cents.sum(), "prices in cents")
truth.head(3)

# %%
SPELLINGS = {
    "Alto": ["Alto", "alto", "ALTO ", "Atlo"],
    "Borea": ["Borea", "BOREA", " borea", "Boera"],
    "Cima": ["Cima", "cima ", "CIMA", "Ciam"],
}


def as_typed(bike) -> dict[str, str]:
    """A bike as a busy person types it."""
    return {
        "brand": rng.choice(SPELLINGS[bike.brand]),
        "frame": f"{bike.frame / 2.54:.1f}" if rng.random() < 0.3 else f"{bike.frame:.1f}",  # inches or cm
        "km": rng.choice(["", "n/a", "-", "-999"]) if rng.random() < 0.15 else f"{bike.km:,.0f}",
        "bought": bike.bought.strftime(rng.choice(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"])),
        "price": f"{bike.price:.0f}",
    }


typed = [as_typed(bike) for bike in sold.itertuples()]
typed += typed[:20]  # saved twice
typed += [as_typed(bike) for bike in sold.iloc[20:40].itertuples()]  # typed in by two people
csv = pd.DataFrame(typed).sample(frac=1, random_state=seed).to_csv(index=False)
print(csv[:211])


# %%
def profile(table: pd.DataFrame) -> pd.DataFrame:
    """One line for each column: type, holes, different values, texts that are numbers, blanks at the ends."""
    lines = {}
    for name, column in table.items():
        texts = column.dropna().astype(str)
        numbers = pd.to_numeric(texts.str.replace(",", ""), errors="coerce")
        lines[name] = {
            "type": str(column.dtype),
            "holes": int(column.isna().sum()),
            "different": column.nunique(),
            "readable as number": int(numbers.notna().sum()),
            "blanks at the ends": int((texts != texts.str.strip()).sum()),
        }
    return pd.DataFrame(lines).T


try:
    raw = pd.read_csv(io.StringIO(csv) if data_file is None else Path(data_file).expanduser())
except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
    raise ValueError(f"data_file = {data_file!r} cannot be read as CSV in UTF-8: {error}") from None
print(f"{len(raw)} rows, {raw.duplicated().sum()} of them an exact copy of another")
profile(raw)


# %%
def design(table: pd.DataFrame) -> pd.DataFrame:
    """The table as numbers, without care: what cannot be read becomes the column's mean."""
    numbers = table[["frame", "km"]].apply(pd.to_numeric, errors="coerce")
    bought = pd.to_datetime(table["bought"], errors="coerce")
    numbers["age"] = (pd.Timestamp("2025-01-01") - bought).dt.days / 365
    return numbers.fillna(numbers.mean()).join(pd.get_dummies(table["brand"], dtype=float))


def error_in_price(table: pd.DataFrame) -> float:
    """Mean error on the test bikes, in euros, of a linear model that learns from `table`."""
    known = design(table)
    model = linear_model.LinearRegression().fit(known, table["price"])
    guess = model.predict(design(test).reindex(columns=known.columns, fill_value=0))
    return metrics.mean_absolute_error(test["price"], guess)


dirty = pd.read_csv(io.StringIO(csv))
in_euros = dirty["price"].mask(dirty["price"] > 5000, dirty["price"] / 100)
print(f"the model on the dirty list: wrong by {error_in_price(dirty):,.0f} euros")
print(f"the same, all prices right:  wrong by {error_in_price(dirty.assign(price=in_euros)):,.0f} euros")
print(f"the model on the true list:  wrong by {error_in_price(truth.iloc[: len(sold)]):,.0f} euros")

# %% [markdown]
# **What happened.** We count seven kinds of dirt: spellings, inches, commas, holes written in four ways, dates in
# three formats, prices in cents, copies. pandas read only `frame` and `price` as numbers.
#
# No error, no warning: a model, and it is useless. A few prices in cents do most of the harm. But even with right
# prices the error is several times what it could be: `km` came as text because of a comma, twelve "brands" became
# twelve columns, the dates were read in one format, guessed from the first row. What did not fit became the mean.
#
# ## 2. Numbers and units
#
# **Question:** `pd.to_numeric(..., errors="coerce")` makes a hole of what it cannot read. How many of the holes
# below are real? And -999 *is* a number: what does it do to the mean?

# %%
# All text as it is: pandas guesses nothing.
clean = pd.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
as_it_is = pd.to_numeric(clean["km"], errors="coerce")
without_commas = clean["km"].str.replace(",", "")
km = pd.to_numeric(without_commas, errors="coerce")
print(f"holes: {as_it_is.isna().sum()} as it is, {km.isna().sum()} without the commas")
print("left over:", without_commas[km.isna()].value_counts().sort_index().to_dict())
print(f"-999 stands for a hole in {(km < 0).sum()} rows")
known = km.mask(km < 0)
print(f"mean: {km.mean():,.0f} with them, {known.mean():,.0f} without, {sold['km'].mean():,.0f} in truth")
clean["km"] = known
clean["price"] = pd.to_numeric(clean["price"])

# %%
frame = pd.to_numeric(clean["frame"])
inches = frame < 30
clean["frame"] = frame.mask(inches, frame * 2.54).round(1)
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4), sharey=True)
bins = np.arange(10, 75, 2)
left.hist(frame, bins, color=palette.ORANGE, hatch="//", edgecolor="black", linewidth=0.8)
left.set(title="as typed", xlabel="frame, no unit given", ylabel="bikes")
right.hist(clean["frame"], bins, color=palette.BLUE)
right.set(title="inches turned into cm", xlabel="frame, cm")
show(
    fig,
    alt="As typed, the frames have two hills, near 21 and near 54. After the repair one hill near 54 is left.",
)
print(f"{inches.sum()} frames in inches")
for name, x in {"as typed": frame, "mended": clean["frame"], "truth": sold["frame"]}.items():
    print(f"{name:9} mean {x.mean():.1f}, std {x.std():.1f}")

# %% [markdown]
# **What happened.** Most holes were only commas. (In other countries `1.234` means the same as `1,234`: ask, and
# give `read_csv` its `thousands=` and `decimal=`.) -999 is a *sentinel*: a number that means "no number". It pulled
# the mean down; what is left of the difference is real holes and copies. Look at the smallest and the largest value
# of every column, and at its histogram: **two hills mean two units**.
#
# ## 3. Names, dates, time zones
#
# **Question:** after blanks and case are mended, how many of twelve spellings are left? Then: four
# people write the third of April. Who is misread? (You may know it as the fourth of March: then the others are.)

# %%
plain = clean["brand"].str.strip().str.casefold()
brands = {"alto": "Alto", "borea": "Borea", "cima": "Cima"}
mended = {}
for spelling in sorted(set(plain) - set(brands)):
    near = difflib.get_close_matches(spelling, brands, n=1, cutoff=0.7)
    mended[spelling] = near[0] if near else None
    print(f"{spelling!r} is probably {mended[spelling]!r}")
print(f"spellings: {clean['brand'].nunique()} as typed, {plain.nunique()} without blanks and case, ", end="")
clean["brand"] = plain.replace(mended).map(brands)
print(f"{clean['brand'].nunique()} at the end; {clean['brand'].isna().sum()} names unknown")

# %%
third_of_april = pd.Series(["2024-04-03", "03/04/2024", "03.04.2024", "3 April 2024"])
attempt("one format, guessed", lambda: pd.to_datetime(third_of_april))
for dayfirst in (False, True):
    guess = pd.to_datetime(third_of_april, format="mixed", dayfirst=dayfirst)
    print(f"{f'mixed formats, dayfirst={dayfirst}':37} {guess.dt.strftime('%d %b').tolist()}")

bought = pd.Series(pd.NaT, index=clean.index, dtype="datetime64[us]")
for known_format in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"):
    bought = bought.fillna(pd.to_datetime(clean["bought"], format=known_format, errors="coerce"))
print(f"\n{len(bought)} dates, format by format: {bought.isna().sum()} unread")
for dayfirst in (False, True):
    guessed = pd.to_datetime(clean["bought"], format="mixed", dayfirst=dayfirst)
    print(f"guessed, dayfirst={dayfirst!s:5}: {(guessed != bought).sum()} wrong, and no warning")
clean["bought"] = bought

stamps = ["2024-03-31T01:30+01:00", "2024-03-31T01:30+00:00"]  # two clocks, the same digits
attempt("two zones in a column", lambda: pd.to_datetime(pd.Series(stamps)))
in_utc = pd.to_datetime(pd.Series(stamps), utc=True)
print(f"{'with utc=True':37} {in_utc.dt.strftime('%H:%M').tolist()}")
print(f"{'seen in Paris':37} {in_utc.dt.tz_convert('Europe/Paris').dt.strftime('%H:%M').tolist()}")
no_zone = pd.Timestamp("2024-03-31 02:30")  # clocks jumped from 2 to 3 in this night
attempt("02:30 in Paris in that night", lambda: no_zone.tz_localize("Europe/Paris"))

# %% [markdown]
# **What happened.** Blanks and case remove half of the spellings. The rest needs knowledge: *near* is a guess, so
# print it, read it, keep it as a table.
#
# Dates are worse: left to guess, pandas reads `03/04` as **4 March**. `dayfirst=True` mends that and breaks the
# ISO dates, `2024-04-03`. **Name the formats, and count what none of them reads.** Times need their zone: two
# clocks can show the same digits at different moments, and half past two was skipped in Paris that night. Keep
# UTC, convert to show.
#
# ## 4. Rows that come twice
#
# 20 rows were saved twice, 20 bikes were typed in twice. **Question:** how many of the 40 does `duplicated()` find
# in the raw table, and how many now?

# %%
print("exact copies in the raw table:       ", dirty.duplicated().sum())
print("exact copies in the mended table:    ", clean.duplicated().sum())
key = ["brand", "bought", "price"]  # what makes a bike the same bike
print("the same brand, day and price:       ", clean.duplicated(key).sum())
clean = clean.sort_values("km", na_position="last", kind="stable").drop_duplicates(key).sort_index()
print(f"rows: {len(dirty)} -> {len(clean)}, in truth {len(sold)}")

# %% [markdown]
# **What happened.** A copy typed by hand differs in some digit: the frame was rounded in inches, or `km` is
# missing. (One came out the same by chance: 21, not 20.) So mend first, then compare **by a key**. Of two copies
# the one with fewer holes stays: that is what the sorting is for. Copies matter: one in training and one in the
# test is a [leak](pages/glossary.ipynb#leak) ([chapter 06](06_splitting_batching.ipynb)).
#
# ## 5. pandas 3, as it is
#
# Older tutorials write `df["a"].fillna(0, inplace=True)`. **Question:** how many holes does that line close? Look
# also at the type of text, and at what `torch.from_numpy` is given. (`SimpleImputer` is scikit-learn's class that
# fills holes.)

# %%
table = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", None, "z"]})
print("type of text:", table["b"].dtype, "- a missing text is", repr(table.loc[1, "b"]))
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    table["a"].fillna(0, inplace=True)
    part = table["a"]
    part.iloc[0] = 99.0
    array = table["a"].to_numpy()
    torch.from_numpy(array)
    table.select_dtypes("object")
print("holes after the chained fillna(inplace=True):", int(table["a"].isna().sum()))
print("a after writing 99 into a column taken out:  ", table["a"].tolist())
print("to_numpy() can be written to:                ", array.flags.writeable)
for warning in heard:
    print(f"- {warning.category.__name__}: {str(warning.message).splitlines()[0][:74]}")
own = torch.from_numpy(table["a"].fillna(0).to_numpy().copy())
print("with .copy():", own)
attempt("SimpleImputer(missing_values=None)", lambda: SimpleImputer(missing_values=None).fit(table[["a"]]))
attempt(
    "most_frequent on text",
    lambda: SimpleImputer(strategy="most_frequent").fit_transform(table[["b"]]).ravel(),
)

# %% [markdown]
# **What happened.** Every column that you take out behaves as a **copy** (copy-on-write). The chained line
# therefore mends a copy and throws it away. Write `df["a"] = df["a"].fillna(0)`. An array from pandas may be
# read-only, and a tensor on it would write into memory that is not yours: `.copy()`. Text has a type of its own,
# `str`; code that asks for `object` still gets it, with a warning. Missing text is NaN too, so leave
# `missing_values` alone.
#
# ## 6. Why is the value missing?
#
# Somebody forgot to measure, a disk was full, a line was cut: values are missing. What matters is whether the
# *reason* has to do with the value.
#
# A weather station records the temperature `here`; the `next` station is near; `pressure` has nothing to do with
# either. There are three ways to lose a temperature:
#
# - **[MCAR](pages/glossary.ipynb#MCAR)**, completely at random: a radio packet is lost, now and then.
# - **MAR**, at random *given what you see*: in hours when the next station is warm, ours is switched off.
# - **MNAR**, not at random: our own thermometer fails when it is warm. The reason is the missing value itself.
#
# **Question:** in which of the three is the mean of what is left still right? And if each of five columns has
# such holes by chance, how many rows have none?


# %%
def weather(rows: int, rng: np.random.Generator, noise: float = 0.65) -> pd.DataFrame:
    """Degrees here and at the next station, which differs by `noise` degrees; pressure in pascals."""
    here = rng.normal(5, 2, rows)
    pressure = rng.normal(101_300, 900, rows)
    return pd.DataFrame({"here": here, "next": here + rng.normal(0, noise, rows), "pressure": pressure})


def punch(table: pd.DataFrame, mechanism: str, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The table with holes in `here`."""
    luck = pd.Series(rng.normal(0, 0.5, len(table)), table.index)
    reason = {"MCAR": luck, "MAR": table["next"] + luck, "MNAR": table["here"] + luck}[mechanism]
    return table.assign(here=table["here"].mask(reason > reason.quantile(1 - share)))


true = weather(rows, np.random.default_rng(seed))
holed = {name: punch(true, name, share, np.random.default_rng(seed + 1)) for name in ("MCAR", "MAR", "MNAR")}
print(f"true mean {true['here'].mean():.2f} degrees")
for name, table in holed.items():
    print(f"{name:5} {table['here'].isna().mean():.0%} missing, mean of the rest {table['here'].mean():.2f}")
five = np.random.default_rng(seed).random((rows, 5)) < share
print(f"five columns with {share:.0%} holes each: {(~five.any(axis=1)).mean():.0%} of the rows have none")

# %% [markdown]
# **What happened.** Only MCAR leaves the mean alone. With MAR and MNAR the warm hours are gone, so the rest is too
# cold. The two look the same from here, and **the data cannot tell you which of them it is**: ask how it was
# collected. And dropping rows is dear: holes in a few columns leave hardly a whole row.
#
# ## 7. Drop, mean, median
#
# The guide says that filling loses little. **Question:** the true standard deviation is near 2 degrees. Under
# MCAR, a share of the values (0.3, unless you changed it) becomes the mean. What is the standard deviation then?
#
# Below, `corr` is the correlation with the next station, and RMSE the typical distance of a filled value from the
# true one, in degrees.

# %%
predict("04.p1", ...)

# %% tags=["claim-29"] figure="mean fill"
facts = {}


def tell(repair: str, table: pd.DataFrame, holes: pd.Series) -> None:
    """Print what a repair did to the column, and how far its fills are from the truth."""
    mean, std, corr = table["here"].mean(), table["here"].std(), table["here"].corr(table["next"])
    rmse = ((table["here"] - true["here"])[holes] ** 2).mean() ** 0.5  # NaN where nothing was filled
    facts[repair] = mean, std, corr, rmse
    print(f"{repair:18}{len(table):6}{mean:7.2f}{std:6.2f}{corr:6.2f}{rmse:6.2f}".replace("nan", "  -"))


print(f"{'rows':>24}{'mean':>7}{'std':>6}{'corr':>6}{'RMSE':>6}")
tell("the truth", true, true["here"].isna())
for name, table in holed.items():
    tell(f"{name} drop", table.dropna(), table["here"].isna())
    for how in ("mean", "median"):
        tell(f"{name} {how}", table.fillna({"here": table["here"].agg(how)}), table["here"].isna())
(mean, std, corr, _), (_, narrow, weak, _) = facts["the truth"], facts["MCAR mean"]
print(f"mean fill: std {std:.2f} -> {narrow:.2f}, correlation {corr:.2f} -> {weak:.2f}; ", end="")
print(f"MNAR: true mean {mean:.2f}, after the fill {facts['MNAR mean'][0]:.2f}")
predict("04.p1").reveal(round(narrow, 2))

# %% [markdown]
# > **Correction.** The guide: filling with a statistic hardly loses information. The machine: under MCAR the mean
# > stays right, but the column gets **narrower**, and its correlation with the next station falls. Under MAR and
# > MNAR the mean itself is wrong, and stays wrong, with every one of these repairs.
#
# Why narrower? Every filled value sits in the middle, at distance 0 from the mean. With a share *s* of holes the
# standard deviation shrinks to about √(1 − s) of itself. The median does the same, a little beside the
# middle where a column is lopsided.
#
# ## 8. Models as repairers
#
# The next station knows something. `KNNImputer` averages the five rows that are most similar in the other
# columns. `IterativeImputer` predicts each column with holes from the others, in rounds. **Question:** pressure
# is a number near 100,000 and tells nothing. Does it harm?

# %% tags=["claim-30"] figure="RMSE under MCAR"
repairers = {
    "KNN, raw": KNNImputer(),
    "KNN, scaled": make_pipeline(StandardScaler(), KNNImputer()),
    "iterative": IterativeImputer(random_state=0),
}
repaired = {}
print(f"{'rows':>24}{'mean':>7}{'std':>6}{'corr':>6}{'RMSE':>6}")
tell("the truth", true, true["here"].isna())
for name, table in holed.items():
    for repair, repairer in repairers.items():
        values = repairer.fit_transform(table)
        if repair == "KNN, scaled":
            values = repairer[0].inverse_transform(values)  # back to degrees
        repaired[name, repair] = pd.DataFrame(values, columns=table.columns)
        tell(f"{name} {repair}", repaired[name, repair], table["here"].isna())
far = {repair: facts[f"MCAR {repair}"][3] for repair in ("mean", *repairers)}
print("RMSE under MCAR:", "; ".join(f"{repair} {rmse:.2f}" for repair, rmse in far.items()))

# %%
fig, axes = plt.subplots(1, 5, figsize=(9, 2.2), sharex=True, sharey=True)
table = holed["MCAR"]
holes = table["here"].isna()
views = {"truth": true, "mean": table.fillna({"here": table["here"].mean()})}
views |= {repair: repaired["MCAR", repair] for repair in ("KNN, scaled", "iterative")}
draw = IterativeImputer(sample_posterior=True, random_state=seed).fit_transform(table)
views["a draw"] = pd.DataFrame(draw, columns=table.columns)
for axis, (title, view) in zip(axes, views.items(), strict=True):
    axis.plot(view["next"][~holes], view["here"][~holes], ".", markersize=3, label="left")
    axis.plot(
        view["next"][holes], view["here"][holes], "x", markersize=3, color=palette.VERMILION, label="lost"
    )
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("next, °C", fontsize=9)
axes[0].set_ylabel("here, °C", fontsize=9)
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=9, markerscale=2)
show(
    fig,
    alt="Temperature here against the next station. The filled values, as crosses: scattered like the others in "
    "the truth, on a level line with the mean, close to the cloud with KNN, on a thin line with iterative, "
    "scattered again with a draw.",
)

# %% [markdown]
# **What happened.** Unscaled, KNN looks for rows with the same *pressure*: one column swamps the distance, and the
# fills are as bad as the mean. Scaled, most of the error is gone. **Scale before you measure distances.**
#
# Iterative repairs MAR: the reason for the holes is in the table, and the model uses it. Under MNAR the mean
# comes closer, because the next station is so good, and **stays too low**. KNN averages what it has seen, so it
# cannot reach warm hours that nobody recorded.
#
# Now look at the fourth picture: the fills lie on a *line*. Each is a likely value, but together they lack the
# scatter of real ones: the standard deviation is still a little small, and the correlation is *higher* than
# in truth. Whoever counts them as measurements is too sure.
#
# ## 9. Multiple imputation: saying how sure you are
#
# Fill the holes *m* times, each time with a *draw*: the line, plus scatter. The last picture shows one. Compute
# your estimate (here: the mean temperature) on each of the *m* tables, then pool by **Rubin's rules**. The pooled
# estimate is the mean of the *m*. Its variance is
#
# **T = W + (1 + 1/m) · B**
#
# W is the mean of the squared standard errors, as each table states them. B is the variance of the *m*
# estimates: what the holes cost. The standard error is √T.
#
# One detail is often forgotten: the line itself is uncertain too. `sample_posterior=True` scatters each hole by
# itself. Fitting each imputer on rows drawn anew (a [bootstrap](pages/glossary.ipynb#bootstrap)) also moves the line,
# for all holes of a table together.
#
# **Question:** which standard error should be larger: after one mean fill, or after Rubin? In the second cell the
# whole thing happens many times, so the *real* scatter of each estimate is known. (The next station is a bad
# one now, off by 2 degrees, and 40 % are missing: that makes it visible.)


# %% tags=["claim-30"] figure="standard error"
def rubin(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    """The pooled estimate and its standard error."""
    within, between = np.mean(variances), np.var(estimates, ddof=1)
    return np.mean(estimates), np.sqrt(within + (1 + 1 / len(estimates)) * between)


def draws(table: pd.DataFrame, m: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The first column, its holes filled m times: a line fitted to rows drawn anew, plus scatter."""
    filled = []
    for number in rng.integers(2**31, size=m):
        imputer = IterativeImputer(max_iter=1, sample_posterior=True, random_state=number)
        imputer.fit(table.sample(frac=1, replace=True, random_state=number))
        filled.append(imputer.transform(table)[:, 0])
    return filled


rng = np.random.default_rng(seed)
table = punch(weather(rows, rng, noise=2.0)[["here", "next"]], "MCAR", 0.4, rng)
filled = draws(table, 10, rng)
pooled, error = rubin([x.mean() for x in filled], [x.var(ddof=1) / rows for x in filled])
once = table["here"].fillna(table["here"].mean())
print("ten estimates:", " ".join(f"{x.mean():.2f}" for x in filled), f"-> {pooled:.2f}")
simple = once.std() / np.sqrt(rows)
print(f"standard error: {simple:.3f} after one mean fill, {error:.3f} by Rubin's rules (m=10)")

# %% tags=["claim-30"] figure="by Rubin"
ways = ("drop", "mean", "iterative", "Rubin")
results = {way: [] for way in ways}
for repeat in range(repeats):
    rng = np.random.default_rng([seed, repeat])
    table = punch(weather(200, rng, noise=2.0)[["here", "next"]], "MCAR", 0.4, rng)
    one = IterativeImputer().fit_transform(table)[:, 0]
    for way, x in zip(
        ways, (table["here"].dropna(), table["here"].fillna(table["here"].mean()), one), strict=False
    ):
        results[way].append((np.mean(x), np.std(x, ddof=1) / np.sqrt(len(x))))
    filled = draws(table, 5, rng)
    results["Rubin"].append(rubin([x.mean() for x in filled], [x.var(ddof=1) / 200 for x in filled]))

print(f"{'':11}{'stated error':>13}{'real scatter':>14}{'95 % intervals that hold the truth':>37}")
held = {}
for way in ways:
    estimates, stated = np.array(results[way]).T
    held[way] = (np.abs(estimates - 5) < 1.96 * stated).mean()  # `weather` draws around 5 degrees
    print(f"{way:11}{stated.mean():13.3f}{estimates.std(ddof=1):14.3f}{held[way]:37.0%}")
print(f"95 % intervals that hold the truth: {held['mean']:.0%} after mean fill, {held['Rubin']:.0%} by Rubin")

# %% [markdown]
# > **Correction.** The guide: imputation by a model keeps the data's information and structure, and it names KNN and
# > multiple imputation in one breath. The machine: KNN needs scaled columns, and one filled table, by whatever
# > model, **understates how unsure you are**. *Multiple* means several draws, pooled by Rubin's rules. Only then
# > do stated error and real scatter agree.
#
# Read the table line by line. Mean fill counts invented values as measured ones: its stated error is far below the
# real scatter, and a "95 %" interval misses the truth too often. Dropping is honest under MCAR, but wastes
# what the other column knows. Rubin is honest, and its estimate scatters less.
#
# For a network that only predicts, one good fill is often enough. For any number that you report with an error,
# it is not.
#
# ## 10. Categories, and the hole as a message
#
# **Question:** the sky is clear in half of the hours. Some entries are lost by chance, and the **mode** (the most
# frequent value) fills the holes. How often is it clear now? Second cell: a doctor skips a measurement when the
# case looks plain. Is the *hole* of use to a model? (Its accuracy, here and below, is the mean of a five-fold
# [cross-validation](pages/glossary.ipynb#cross-validation).)

# %%
rng = np.random.default_rng(seed)
sky = pd.Series(rng.choice(["clear", "cloudy", "rain"], rows, p=[0.5, 0.3, 0.2]))
lost = sky.mask(rng.random(rows) < share)
seen = lost.dropna()
fills = {
    "truth": sky,
    "mode": lost.fillna(lost.mode()[0]),
    "a kind of its own": lost.fillna("unknown"),
    "draws from what is seen": lost.fillna(pd.Series(rng.choice(seen, rows))),
}
shares = pd.DataFrame({name: column.value_counts(normalize=True) for name, column in fills.items()}).T
print(
    shares.reindex(columns=["clear", "cloudy", "rain", "unknown"]).to_string(
        float_format="{:.2f}".format, na_rep="-"
    )
)

# %%
patients, sick = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
patients = patients[["mean texture", "mean smoothness", "mean area"]]
folds = StratifiedKFold(5, shuffle=True, random_state=0)
area = patients["mean area"]
rng = np.random.default_rng(seed)
for name, reason in {
    "lost by chance": pd.Series(rng.random(len(area))),
    "large ones skipped": area + rng.normal(0, 100, len(area)),
}.items():
    table = patients.assign(**{"mean area": area.mask(reason > reason.quantile(1 - share))})
    scores = []
    for flag in (False, True):
        model = make_pipeline(
            SimpleImputer(add_indicator=flag), StandardScaler(), linear_model.LogisticRegression()
        )
        scores.append(cross_val_score(model, table, sick, cv=folds).mean())
    print(f"{name:20} accuracy {scores[0]:.2f} with the mean alone, {scores[1]:.2f} with a flag for holes")

# %% [markdown]
# **What happened.** The mode makes the frequent more frequent. A kind of its own invents nothing, and tells the
# model that something was missing. The flag does the same for numbers: it costs next to nothing where holes come
# by chance, and where they do not, **the hole is information**. (That helps only as long as the same reason
# holds.)
#
# | Your case | A repair that fits |
# |---|---|
# | few holes, by chance, many rows | drop the rows |
# | a model that predicts | median or mode, with a flag |
# | columns that know about each other | iterative, or KNN on scaled columns |
# | a number with an error bar | multiple imputation, Rubin's rules |
# | the reason is the value itself (MNAR) | none is safe: a flag, and say what you assume |
# | gradient-boosted trees (`HistGradientBoosting...`) | none needed: they take NaN as it is |
#
# ## 11. Where is a repair fitted?
#
# A mean fill *learns* the mean. **Question:** labels are thrown by coin, so no honest model can be right more often
# than half the time. Somebody fills each hole with the mean **of its class**, then splits. How often is the model
# right? Guess a number from 0 to 1.

# %%
predict("04.p2", ...)

# %%
rng = np.random.default_rng(seed)
coins = pd.Series(rng.integers(0, 2, 300))
noise = pd.DataFrame(rng.normal(size=(300, 20))).mask(rng.random((300, 20)) < 0.5)
forest = ensemble.RandomForestClassifier(30, random_state=0)
tables = {
    "in a pipeline, on the training part": (make_pipeline(SimpleImputer(), forest), noise),
    "on all rows, without labels": (forest, noise.fillna(noise.mean())),
    "on all rows, class by class": (forest, noise.fillna(noise.groupby(coins).transform("mean"))),
}
scores = {name: cross_val_score(model, x, coins, cv=folds).mean() for name, (model, x) in tables.items()}
for name, score in scores.items():
    print(f"mean fitted {name:37} accuracy {score:.2f}")

x, y = datasets.load_wine(return_X_y=True)
knn = make_pipeline(StandardScaler(), neighbors.KNeighborsClassifier()).fit(x[::2], y[::2])
alone = [knn[1].predict(StandardScaler().fit_transform(row[None]))[0] for row in x[1::2]]
print(f"wine, scaled by training statistics: accuracy {knn.score(x[1::2], y[1::2]):.2f}")
print(f"wine, each new row scaled by itself: accuracy {np.mean(alone == y[1::2]):.2f}")
print("classes answered then:", len(set(alone)), "of", len(set(y)))
predict("04.p2").reveal(round(scores["on all rows, class by class"], 2))

# %% [markdown]
# **What happened.** The class means carry the label into the features: nearly a perfect score, on noise. Without
# labels the leak is too small to see here; it is a leak all the same, and it grows as the training part
# shrinks. The last lines show the other end: a single new row has no statistics of its own. Minus its own mean
# it is all zeros, whatever it was. **Fit on the training part, keep the numbers, apply them to everything else.**
# A `Pipeline` does it by itself. Chapter 06 has more leaks.
#
# ## 12. Outliers
#
# "Remove outliers with statistics", says the guide. The usual rule: a z-score, (x − mean) / std, beyond 3.
# **Question:** nine readings near 10, and one of 1,000,000. What is the z-score of the million?
#
# Two other rules run beside it. **IQR** is the distance between the quartiles: the rule flags what lies more than
# 1.5 of it below the first or above the third. **MAD** is explained below the cells.

# %%
predict("04.p3", ...)

# %% tags=["claim-31"] figure="largest z"
readings = np.array([9.8, 10.1, 10.0, 9.9, 10.2, 10.0, 9.7, 10.3, 10.0, 1e6])
n = len(readings)
z = {ddof: (readings - readings.mean()) / readings.std(ddof=ddof) for ddof in (0, 1)}
print(f"bounds for n = {n}: {np.sqrt(n - 1):.3f} for ddof=0, {(n - 1) / np.sqrt(n):.3f} for ddof=1")
distance = np.abs(readings - np.median(readings))
score = 0.6745 * distance / np.median(distance)
print(f"largest z of ten: {z[0].max():.3f} (ddof=0), {z[1].max():.3f} (ddof=1); MAD score {score.max():.1e}")
print(
    "values with |z| > 3:",
    int((np.abs(z[1]) > 3).sum()),
    "- with a MAD score > 3.5:",
    int((score > 3.5).sum()),
)
predict("04.p3").reveal(round(z[0].max(), 2))


# %%
def fences(x: pd.Series) -> dict[str, pd.Series]:
    """True where a rule calls the value an outlier."""
    low, high = x.quantile(0.25), x.quantile(0.75)
    far = (x - x.median()).abs()
    return {
        "|z| > 3": ((x - x.mean()) / x.std()).abs() > 3,
        "1.5 IQR": (x < low - 1.5 * (high - low)) | (x > high + 1.5 * (high - low)),
        "MAD > 3.5": 0.6745 * far / far.median() > 3.5,
    }


cents = clean["price"] > 5000  # no bike here costs that much
flagged = fences(clean["price"])
for rule, found in flagged.items():
    print(f"{rule:10} prices: {(found & cents).sum():2} of {cents.sum()} in cents flagged, ", end="")
    print(f"{(found & ~cents).sum()} right ones; kilometres, all true: {fences(sold['km'])[rule].sum()}")
clean["price"] = clean["price"].mask(cents, clean["price"] / 100)

# %% [markdown]
# > **Correction.** The guide: remove outliers by statistics. The machine: an outlier can **mask** itself. It widens
# > the very standard deviation that it is measured with. So no z-score exceeds a bound, however wild the value:
# > √(n − 1) where the standard deviation divides by n (`ddof=0`: NumPy, scikit-learn), (n − 1)/√n where it divides
# > by n − 1 (`ddof=1`: pandas, torch). With ten values that is 3.00 and 2.85: the rule cannot fire. Median and
# > **MAD** (the median distance from the median; 0.6745 makes it comparable to z) do not move.
#
# One price in eight is in cents, and the z-score misses most of them. IQR and MAD find all. But they also flag
# bikes that were ridden a lot, which is *true*. A flag is a question, not a verdict:
#
# | What it is | What to do |
# |---|---|
# | an error with a known cause (cents, inches) | undo it, as the cell did |
# | an error of unknown cause | make it a hole, and treat the hole |
# | rare but true | keep it; take the logarithm, clip, or use a robust loss or scale |
# | what you are looking for (fraud, illness) | keep it: it is the data |
#
# ## 13. Standardise, normalise, and what is bounded
#
# The guide says: standardising squeezes data into a small interval such as 0 to 1, normalising uses mean and
# standard deviation. Then it gives two formulas. **Question:** do words and formulas agree? Does new data stay
# in the interval? And do scikit-learn, pandas and torch mean the same standard deviation?

# %% tags=["claim-01"] figure="z-scores from"
hours = true[["here"]].to_numpy()
x, new = hours[: rows // 4], hours[rows // 4 :]  # fitted on the first quarter
z = (x - x.mean()) / x.std()
unit = (x - x.min()) / (x.max() - x.min())
fitted = MinMaxScaler().fit(x)
agree = np.allclose(z, StandardScaler().fit_transform(x)) and np.allclose(unit, fitted.transform(x))
later = fitted.transform(new)
print("by hand and scikit-learn agree:", agree)
for name, values in {"standardised": z, "min-max": unit, "min-max, new data": later}.items():
    low, high, mean, std = values.min(), values.max(), abs(values.mean()), values.std()
    print(f"{name:18}{low:6.2f} to {high:4.2f}, mean {mean:.2f}, std {std:.2f}")
print(f"z-scores from {z.min():.2f} to {z.max():.2f}; ", end="")
print(f"min-max from 0 to 1, on new data from {later.min():.2f} to {later.max():.2f}")

five = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
scale = StandardScaler().fit(five[:, None]).scale_[0]
print(f"divided by n:     np.std {five.std():.3f}, StandardScaler {scale:.3f}")
print(f"divided by n - 1: torch.std {torch.tensor(five).std():.3f}, pandas std {pd.Series(five).std():.3f}")
print(f"torch.std(correction=0): {torch.tensor(five).std(correction=0):.3f}")
print("a constant column, StandardScaler:", StandardScaler().fit_transform(np.ones((3, 1))).ravel().tolist())

# %% [markdown]
# > **Correction.** The guide's words are swapped; its formulas are right. **Standardising** takes the mean off and
# > divides by the standard deviation: mean 0, std 1, **no bounds**. **Normalising** (min-max) maps the smallest
# > value to 0 and the largest to 1, of the data *it was fitted on*: new data leaves the interval.
#
# Five numbers, two standard deviations: torch and pandas divide by n − 1. That is 12 % more for five rows, and half
# a percent for 100. Either will do; one in training and the other in use will not. A column without spread is
# 0 / 0: `StandardScaler` divides by 1 then; by hand, that is your job.
#
# Two more claims of the guide: standardising copes better with outliers; min-max is for data that lies in [0, 1]
# already, and better for KNN and K-means in particular. **Question:** there are 999 well-behaved values and one
# of 1000. How much spread do the 999 keep? `RobustScaler` (median and quartiles) runs beside the two.

# %% tags=["claim-02"] figure="spread of the 999"
values = np.append(np.random.default_rng(seed).normal(size=999), 1000.0)[:, None]
spreads = {}
fig, axes = plt.subplots(1, 3, figsize=(8, 1.8), sharex=True, sharey=True)
for axis, scaler in zip(axes, (StandardScaler(), MinMaxScaler(), RobustScaler()), strict=True):
    name, inside = type(scaler).__name__, scaler.fit_transform(values)[:-1, 0]
    spreads[name] = inside.std()
    axis.plot(inside, np.arange(999), ".", markersize=2)
    axis.set(title=name, xlim=(-3, 3), yticks=[], xlabel="scaled value")
axes[0].set_ylabel("one row each")
show(
    fig,
    alt="The 999 values after each scaler: a thin vertical line for StandardScaler and MinMaxScaler, a wide "
    "cloud for RobustScaler. The outlier lies outside of the pictures.",
)
print("spread of the 999:", ", ".join(f"{name} {spread:.3f}" for name, spread in spreads.items()))

# %% tags=["claim-03"] figure="KNN on wine"
scales = {"raw": "passthrough", "z": StandardScaler(), "min-max": MinMaxScaler(), "robust": RobustScaler()}
models = {
    "KNN": neighbors.KNeighborsClassifier(),
    "logistic": linear_model.LogisticRegression(max_iter=200),
    "tree": tree.DecisionTreeClassifier(random_state=0),
}
found = {}
for data in ("wine", "breast_cancer"):
    x, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    for scale, step in scales.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "not converged", on raw columns: that is the point
            for name, model in models.items():
                score = cross_val_score(make_pipeline(step, model), x, y, cv=folds).mean()
                found.setdefault((data, name), {})[scale] = score
        groups = make_pipeline(step, cluster.KMeans(len(set(y)), n_init=5, random_state=0)).fit_predict(x)
        found.setdefault((data, "K-means"), {})[scale] = metrics.adjusted_rand_score(y, groups)
print(pd.DataFrame(found).T.to_string(float_format="{:.2f}".format))
spanning = MinMaxScaler().fit_transform(x)  # every column from 0 to 1
print("min-max on them once more, the same:", np.allclose(MinMaxScaler().fit_transform(spanning), spanning))
line = ", ".join(f"{score:.2f} {scale}" for scale, score in found["wine", "KNN"].items())
print(f"KNN on wine: {line}; a tree: {found['wine', 'tree']['raw']:.2f} with every scale")

# %% [markdown]
# > **Correction.** *Outliers*: the guide says that standardising copes. The machine: one value drags mean and standard
# > deviation along and crushes the other 999; min-max is even worse. The **robust** scale keeps them.
# >
# > *Which data, which models*: the guide gives min-max to data in [0, 1], to KNN and to K-means. The machine: data
# > that spans [0, 1] does not change at all. Whatever measures **distances** (KNN, K-means, SVM) or walks down a
# > **gradient** (logistic regression, networks) needs a *common* scale, this one or that. A tree compares within
# > one column: no scale changes it.
#
# (K-means is shown by its agreement with the true classes: 1 is perfect, 0 is chance.)
#
# ## 14. The gate
#
# All repairs so far were seen by us. Next month another list comes. A **[schema](pages/glossary.ipynb#schema-check)**
# says what a clean table is, and refuses any other. `pandera` checks it; `lazy=True` collects *all* failures.
# **Question:** the raw list does not pass. How many columns fail?

# %%
schema = pa.DataFrameSchema(
    {
        "brand": pa.Column(str, pa.Check.isin(["Alto", "Borea", "Cima"])),
        "frame": pa.Column(float, pa.Check.in_range(30, 75)),  # centimetres
        "km": pa.Column(float, pa.Check.in_range(0, 100_000), nullable=True),
        "bought": pa.Column("datetime64[us]", pa.Check.le(pd.Timestamp("2025-01-01"))),
        "price": pa.Column(float, pa.Check.in_range(20, 5000)),  # euros
    },
    strict=True,  # no other columns
    unique=["brand", "bought", "price", "km"],  # no bike twice
)
warnings.filterwarnings("ignore", module="pandera")  # it tries the dates of the raw list, aloud
try:
    schema.validate(dirty, lazy=True)
except pa.errors.SchemaErrors as failed:
    cases = failed.failure_cases
    print(f"the raw list: {len(cases)} failures in {cases['column'].nunique()} columns")
    rule = cases["check"].str.split("(").str[0]
    print(cases.groupby(["column", rule]).size().to_string())
clean = schema.validate(clean.astype({"price": float}), lazy=True)
print(f"the mended list: {len(clean)} rows pass")


# %%
def facts_of(table: pd.DataFrame) -> dict[str, object]:
    return {
        "rows": len(table),
        "brands": table["brand"].nunique(),
        "km that are numbers": int(pd.to_numeric(table["km"], errors="coerce").ge(0).sum()),
        "frames in inches": int((table["frame"] < 30).sum()),
        "prices in cents": int((table["price"] > 5000).sum()),
        "copies": int(table.duplicated(["brand", "bought", "price"]).sum()),
        "model wrong by, euros": round(error_in_price(table)),
    }


stages = {"dirty": dirty, "clean": clean, "truth": truth.iloc[: len(sold)]}
pd.DataFrame({name: facts_of(table) for name, table in stages.items()})

# %% [markdown]
# **What happened.** The raw list fails in every column. (Where text stands in place of numbers or dates, as in `km` and
# `bought`, the range cannot even be checked: that counts as one failure. `price` holds whole numbers instead of
# floats; its range was checked all the same.) Below that: the same model, on the same test bikes. Nothing was tuned;
# the data was mended, and the model is about as good as on the truth. Put the gate where data enters, in every run.
#
# ## 15. Images and text
#
# The same questions, other tools. **Question:** what can be wrong with a *file* that ends in `.jpg`? And with a
# *word* that looks right?

# %%
audit = audit_folder(samples.dirty_folder())
print(f"{len(audit.table)} entries, {audit.table['usable'].sum()} usable")
audit.counts

# %%
encodings = {"as UTF-8": "utf-8", "as Latin-1": "latin-1"}
for written in encodings.values():
    stored = "café".encode(written)
    for reading, encoding in encodings.items():
        attempt(f"written in {written}, read {reading}", lambda s=stored, e=encoding: s.decode(e))
print("mojibake undone:", "cafÃ©".encode("latin-1").decode("utf-8"))
header = "name,km\nAlto,5".encode("utf-8-sig")  # as some spreadsheet programs save it
print("first key, read as utf-8:    ", ascii(header.decode("utf-8").split(",")[0]))
print("first key, read as utf-8-sig:", ascii(header.decode("utf-8-sig").split(",")[0]))

# %%
words = {"one é": "caf\u00e9", "e + accent": "cafe\u0301", "hard blank": "caf\u00e9\u00a0"}
words |= {"hidden": "ca\u200bf\u00e9", "wide": "ｃａｆé", "capitals": "CAFÉ"}


def tidy(word: str) -> str:
    """NFKC, no invisible format characters, no case, single blanks."""
    word = "".join(c for c in unicodedata.normalize("NFKC", word) if unicodedata.category(c) != "Cf")
    return " ".join(word.casefold().split())


print(f"{'':15}{'len':>4}  equal to café after")
for name, word in words.items():
    equal = [
        f
        for f in ("NFC", "NFD", "NFKC")
        if unicodedata.normalize(f, word) == unicodedata.normalize(f, "café")
    ]
    equal += ["tidy"] if tidy(word) == tidy("café") else []
    print(f"{name:15}{len(word):4}  {', '.join(equal)}")
print("NFKC also turns", ", ".join(f"{c} into {unicodedata.normalize('NFKC', c)}" for c in "½²ﬁ①"))

# %% [markdown]
# **What happened.** The audit opens every file and names each fault (chapter 10 goes through its table).
#
# Text is bytes plus an encoding. UTF-8 read as Latin-1 raises **nothing** and gives *mojibake*; the other way
# round mostly raises. A BOM, three bytes at the start of a file, hides in the name of the first column.
#
# And one word has many spellings in Unicode: you see no difference, `==` and a tokeniser do. Choose one form when
# data enters: NFC for text that people read, NFKC for keys and search. Case and invisible characters need rules
# of their own, and in some scripts invisible joiners carry meaning: look before you delete.
#
# ## 16. From the clean table to tensors
#
# **Question:** which numbers must be stored together with the model?

# %%
numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
prepare = compose.make_column_transformer((numbers, ["frame", "km", "age"]), (names, ["brand"]))


def with_age(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(age=(pd.Timestamp("2025-01-01") - table["bought"]).dt.days / 365)


x_train = torch.tensor(prepare.fit_transform(with_age(clean)), dtype=torch.float32)
x_test = torch.tensor(prepare.transform(with_age(test)), dtype=torch.float32)
y_train = torch.tensor(clean["price"].to_numpy(), dtype=torch.float32)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)
features, prices = next(iter(loader))
print("columns:", ", ".join(name.split("__")[1] for name in prepare.get_feature_names_out()))
print("a batch:", tuple(features.shape), features.dtype, tuple(prices.shape), prices.dtype)
print("no hole left:", bool(x_train.isfinite().all() and x_test.isfinite().all()))
for part, x in {"training": x_train, "test": x_test}.items():
    means = ", ".join(f"{abs(mean):.2f}" for mean in x[:, :3].mean(0).tolist())
    print(f"means of frame, km and age are off 0 by {means} ({part})")

# %% [markdown]
# **What happened.** An age made from a date, a column for each brand, a flag for holes: this step is called *feature
# engineering*. All that `prepare` learned must be kept: medians, means, spreads, the list of brands. Save it beside
# the weights. The test means are not 0, and need not be: they are measured in units of the training part.
#
# ## 17. The lab
#
# Real tables without a hole, so the truth is known. Choose who loses values, how many, and what is done about it.
# The picture shows the column before and after, the error against the truth, the stated standard error, and a
# model's score on rows that it has not seen, with the repair fitted on the training part or on everything.

# %% tags=["lab"]
lab = RepairLab(mechanism="MAR", share=share, seed=seed)
lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. With *MAR*, go through the repairs. Which of them bring the mean back to within a tenth of a standard
#    deviation (sd)? Then choose *MNAR*: which of them still do?
# 2. Choose *MCAR* and *KNN*, and switch *standardise before KNN* off and on. What happens to the error of a filled
#    value? Then compare its *spread* with that of *multiple imputation*.
# 3. *drop rows* may show a perfect score. On how many of the test rows? Move *missing* up and watch.
# 4. Change *fit on* at several seeds. Is the score with *everything* always the higher one? So can the score warn
#    you of a leak?
#
# **Your own table.** `lab.result` is the repaired table, and `lab.to_code()` writes the same repair in plain pandas
# and scikit-learn.
#
# ```python
# RepairLab("measurements.csv", target="class")   # a CSV file, 30 to 3,000 rows
# RepairLab(frame, strategy="iterative")          # a DataFrame; its own holes get repaired
# ```
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("04.1")` helps, each call a little more;
# `solution("04.1")` shows an answer.


# %% tags=["exercise"]
@exercise("04.1")
def to_number(text: str) -> float:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("04.2")
def tidy_label(label: str) -> str:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("04.3")
def fill_with_flag(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("04.4")
def pooled(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("04.5")
def mad_scores(x: np.ndarray) -> np.ndarray:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("04.6")
def standardise(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("04.q1", "b")`.

# %%
quiz("04.q1")

# %%
quiz("04.q2")

# %%
quiz("04.q3")

# %%
quiz("04.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | `errors="coerce"` and no look | holes that were only commas | count before and after, print what is left |
# | -999, 0, 9999 as "no number" | a strange mean, a lonely bar in the histogram | make them holes |
# | dates left to guess | March for April, no warning | name each format, count what none reads |
# | `df["a"].fillna(..., inplace=True)` | the holes are still there | assign: `df["a"] = ...` |
# | mean fill | narrow column, weak correlation | iterative; several draws where errors matter |
# | KNN on raw columns | fills as bad as the mean | scale first |
# | fill by class, then split | a perfect score on noise | fit inside a pipeline |
# | z-score on few values, or many outliers | nothing is found | median and MAD |
# | min-max fitted on training | new values outside [0, 1] | expect it, or clip on purpose |
# | `torch.std` beside `StandardScaler` | tiny differences | `correction=0` in both places |
#
# ## Summary
#
# - Mend types, units, names, dates and copies first; each with a count before and after.
# - Ask *why* a value is missing. Means shrink spread; nothing in the table cures MNAR.
# - One filled table is too sure of itself; draws and Rubin's rules are honest.
# - A flagged outlier is a question. A common scale matters to distances and gradients, not to trees.
# - Fit on the training part only, store what was fitted, and put a schema at the door.
#
# ## Next
#
# [Chapter 05: augmentation](05_augmentation.ipynb) of images. Splits and leaks follow in chapter 06.
