"""LoaderSettings: what it refuses, what it passes on, and the code it writes."""

import pytest
from torch.utils.data import DataLoader

from dpwidgets.prep.loading.settings import LoaderSettings, SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0), ("batch_size", -1), ("batch_size", "many"), ("batch_size", True),
        ("num_workers", -1), ("num_workers", 2.0), ("prefetch_factor", 0), ("drop_last", 1),
        ("start_method", "thread"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^{name}={value!r} is not allowed"):
        LoaderSettings.from_dict({name: value})


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="did you mean 'num_workers'"):
        LoaderSettings.from_dict({"num_worker": 2})


def test_without_workers_nothing_is_passed_that_needs_workers() -> None:
    settings = LoaderSettings(
        prefetch_factor=4, persistent_workers=True, in_order=False, start_method="spawn"
    )
    assert settings.arguments() == {"batch_size": 32, "num_workers": 0}
    DataLoader(range(10), **settings.arguments())  # type: ignore[arg-type]


def test_an_iterable_dataset_takes_no_shuffle() -> None:
    settings = LoaderSettings(shuffle=True)
    assert "shuffle" in settings.arguments()
    assert "shuffle" not in settings.arguments(iterable=True)


@pytest.mark.parametrize(
    "settings",
    [
        LoaderSettings(batch_size=3, shuffle=True, drop_last=True),
        LoaderSettings(
            batch_size=4, num_workers=2, prefetch_factor=3, persistent_workers=True, in_order=False,
            start_method="spawn",
        ),
    ],
)  # fmt: skip
def test_the_code_makes_the_same_loader(settings: LoaderSettings) -> None:
    names = {"dataset": list(range(10))}
    exec(settings.to_code(), names)
    loader = names["loader"]
    assert isinstance(loader, DataLoader)
    assert loader.batch_size == settings.batch_size
    assert loader.num_workers == settings.num_workers
    assert loader.drop_last == settings.drop_last
    assert loader.persistent_workers == (settings.num_workers > 0 and settings.persistent_workers)
    assert loader.in_order == (settings.in_order or settings.num_workers == 0)


def test_settings_survive_a_dictionary() -> None:
    settings = LoaderSettings(batch_size=7, num_workers=1, start_method="spawn")
    assert LoaderSettings.from_dict(settings.to_dict()) == settings
