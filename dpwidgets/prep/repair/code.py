"""A repair as plain pandas and scikit-learn."""

import json
from collections.abc import Mapping
from typing import Any

from dpwidgets.prep.repair.scoring import DEPTH, SCALERS, STEPS
from dpwidgets.prep.repair.source import Punched, Source
from dpwidgets.prep.repair.strategies import (
    DRAW_ITERATIONS,
    DROP,
    ITERATIONS,
    ITERATIVE,
    KNN,
    MULTIPLE,
    SIMPLE,
)
from dpwidgets.samples.tables import DIABETES_NAMES, PULL


def write_code(
    source: Source, params: Mapping[str, Any], holes: Punched, test_share: float, scored: bool
) -> str:
    """Makes `repaired` (for multiple imputation its tables, stacked) and, if `scored`, a model's `score`."""
    strategy = params["strategy"]
    fits = strategy != DROP or scored
    blocks = [_table(source)]
    if source.ours:
        blocks.append(_punching(holes))
    if fits:
        blocks.append(_splitting(source, params, test_share))
    blocks.append(_repairing(params))
    if params["indicator"] and strategy != DROP:
        blocks.append(_flags(strategy))
    if strategy == MULTIPLE:
        blocks.append(_pooling(params["column"]))
    if scored:
        blocks.append(_scoring(source, params))
    body = "\n\n".join(blocks)
    return f"{_imports(source, params, body)}\n\n{body}\n"


_FROM = {
    "load_wine": "sklearn.datasets",
    "load_breast_cancer": "sklearn.datasets",
    "load_diabetes": "sklearn.datasets",
    "SimpleImputer": "sklearn.impute",
    "KNNImputer": "sklearn.impute",
    "IterativeImputer": "sklearn.impute",
    "LogisticRegression": "sklearn.linear_model",
    "Ridge": "sklearn.linear_model",
    "train_test_split": "sklearn.model_selection",
    "KNeighborsClassifier": "sklearn.neighbors",
    "KNeighborsRegressor": "sklearn.neighbors",
    "StandardScaler": "sklearn.preprocessing",
    "MinMaxScaler": "sklearn.preprocessing",
    "RobustScaler": "sklearn.preprocessing",
    "DecisionTreeClassifier": "sklearn.tree",
    "DecisionTreeRegressor": "sklearn.tree",
}


def _imports(source: Source, params: Mapping[str, Any], body: str) -> str:
    """The imports that the body needs."""
    lines = [
        f"import {name}" for name, used in (("numpy as np", "np."), ("pandas as pd", "pd.")) if used in body
    ]
    if "IterativeImputer" in body:
        lines.append(
            "from sklearn.experimental import enable_iterative_imputer  # needed before the next import"
        )
    for name, module in _FROM.items():
        if f"{name}(" in body:
            lines.append(f"from {module} import {name}")
    return "\n".join(lines)


def _table(source: Source) -> str:
    if source.name == "diabetes":
        names = (
            "".join(f"\n    {_quoted(short)}: {_quoted(name)}," for short, name in DIABETES_NAMES.items())
            + "\n"
        )
        return f"""data = load_diabetes(as_frame=True, scaled=False)
names = {{{names}}}
table = data.data.rename(columns=names).astype("float64")
target = data.target.to_numpy()"""
    if source.ours:
        return f"""data = load_{source.name.replace(" ", "_")}(as_frame=True)
table = data.data.rename(columns=lambda name: name.replace(" ", "_").replace("/", "_"))
target = data.target.to_numpy()"""
    lines = [f"table = pd.read_csv({_quoted(source.path)})" if source.path else "# table: your DataFrame"]
    if source.target_name:
        lines.append(f"target = table[{_quoted(source.target_name)}].to_numpy()")
        lines.append(f"table = table.drop(columns={_quoted(source.target_name)})")
    elif source.target is not None:
        lines.append("target = np.asarray(target)  # yours, one value for each row")
    lines.append('table = table.rename(columns=str).select_dtypes(["number", "bool"], exclude="timedelta")')
    lines.append('table = table.astype("float64")')
    return "\n".join(lines)


def _punching(holes: Punched) -> str:
    """The same holes, cell for cell."""
    cause = {
        "MCAR": "chance alone decides",
        "MAR": f"high values of {holes.driver} go with holes",
        "MNAR": "high values are themselves the ones that go missing",
    }[holes.mechanism]
    lines = [
        f"# {holes.mechanism}: {cause}",
        "truth = table.copy()",
        f"chance = np.random.default_rng({holes.seed})",
    ]
    lines.append(f"for name in {_quoted([*holes.columns])}:")
    lines.append("    push = chance.normal(size=len(truth))")
    if holes.mechanism != "MCAR":
        name = _quoted(holes.driver) if holes.mechanism == "MAR" else "name"
        lines.append(f"    cause = truth[{name}].to_numpy()")
        lines.append(f"    push = push + {PULL} * (cause - cause.mean()) / cause.std()")
    lines.append(f'    lost = np.argsort(-push, kind="stable")[: round({holes.share} * len(truth))]')
    lines.append("    table.loc[lost, name] = np.nan")
    return "\n".join(lines)


def _splitting(source: Source, params: Mapping[str, Any], test_share: float) -> str:
    stratify = ", stratify=target" if source.task == "classification" else ""
    if params["strategy"] == DROP:
        learn = ""
    elif params["fit_on"] == "train only":
        learn = "learn = table.iloc[train]  # the repair sees the train rows alone"
    else:
        learn = "learn = table  # the repair sees the test rows too"
    return f"""rows = np.arange(len(table))
train, test = train_test_split(rows, test_size={test_share}, random_state={params["seed"]}{stratify})
{learn}""".rstrip()


def _repairing(params: Mapping[str, Any]) -> str:
    strategy, seed = params["strategy"], params["seed"]
    if strategy == DROP:
        return "repaired = table.dropna()"
    frame = "columns=table.columns, index=table.index"
    if strategy == MULTIPLE:
        return f"""tables = []
for draw in range({params["draws"]}):
    imputer = IterativeImputer(
        sample_posterior=True, max_iter={DRAW_ITERATIONS}, skip_complete=True, random_state={seed} + draw
    ).fit(learn)
    tables.append(pd.DataFrame(imputer.transform(table), {frame}))"""
    if strategy == KNN and params["scale_before"]:
        return f"""unit = StandardScaler().fit(learn)  # so that each column counts alike
imputer = KNNImputer(n_neighbors={params["neighbours"]}).fit(unit.transform(learn))
filled = unit.inverse_transform(imputer.transform(unit.transform(table)))
repaired = table.where(table.notna(), filled)"""
    made = {
        KNN: f"KNNImputer(n_neighbors={params['neighbours']})",
        ITERATIVE: f"IterativeImputer(max_iter={ITERATIONS}, skip_complete=True, random_state={seed})",
    }.get(strategy)
    if made is None:
        options = ", ".join(f"{name}={_quoted(value)}" for name, value in SIMPLE[strategy].items())
        made = f"SimpleImputer({options})"
    return f"""imputer = {made}.fit(learn)
repaired = pd.DataFrame(imputer.transform(table), {frame})"""


def _flags(strategy: str) -> str:
    lines = 'flags = table.loc[:, table.isna().any()].isna().astype(float).add_prefix("missing_")\n'
    if strategy == MULTIPLE:
        return lines + "tables = [pd.concat([one, flags], axis=1) for one in tables]"
    return lines + "repaired = pd.concat([repaired, flags], axis=1)"


def _pooling(column: str) -> str:
    return f"""repaired = pd.concat(tables, keys=range(len(tables)), names=["imputation"])
means = np.array([one[{_quoted(column)}].mean() for one in tables])
within = np.mean([one[{_quoted(column)}].var() / len(one) for one in tables])
total = within + (1 + 1 / len(tables)) * means.var(ddof=1)  # Rubin's rules
print(f"mean {{means.mean():.4g}}, standard error {{total ** 0.5:.4g}}")"""


def _scoring(source: Source, params: Mapping[str, Any]) -> str:
    """The test score, as `score`."""
    strategy, scaler = params["strategy"], SCALERS[params["scaler"]]
    classes = source.task == "classification"
    model = {
        "KNN": "KNeighborsClassifier()" if classes else "KNeighborsRegressor()",
        "linear": f"LogisticRegression(max_iter={STEPS})" if classes else "Ridge()",
        "tree": f"DecisionTree{'Classifier' if classes else 'Regressor'}(max_depth={DEPTH}, random_state=0)",
    }[params["model"]]
    name = {DROP: "table", MULTIPLE: "one"}.get(strategy, "repaired")
    lines = []
    if scaler is None:
        lines.append(f"x = {name}.to_numpy()")
    else:
        everything = "repaired" if strategy == DROP else name
        learn = f"{name}.iloc[train]" if params["fit_on"] == "train only" else everything
        lines.append(f"scaler = {scaler.__name__}().fit({learn}.to_numpy())")
        lines.append(f"x = scaler.transform({name}.to_numpy())")
    lines += [f"model = {model}.fit(x[train], target[train])", "score = model.score(x[test], target[test])"]
    if strategy == DROP:
        lines = [
            "whole = table.notna().all(axis=1).to_numpy()  # no row with a hole can be told",
            "train, test = train[whole[train]], test[whole[test]]",
            *lines,
        ]
    if strategy == MULTIPLE:
        inner = [f"    {line}" for line in lines]
        lines = [
            "scores = []",
            "for one in tables:",
            *inner,
            "    scores.append(score)",
            "score = np.mean(scores)",
        ]
    return "\n".join([*lines, 'print(f"test score {score:.3f}")'])


def _quoted(value: Any) -> str:
    """A text, number or list of texts as ruff would write it."""
    return json.dumps(value, ensure_ascii=False)
