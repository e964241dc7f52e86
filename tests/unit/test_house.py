"""The house rules that no single module can hold: floors, style, types, light import, one install."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", ".", "--exclude", "*.ipynb"),
        ("mypy",),
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_static_checks(command: tuple[str, ...]) -> None:
    result = run(sys.executable, "-m", *command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_floors() -> None:
    result = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")
    assert result.returncode == 0, result.stdout + result.stderr


def test_import_is_light() -> None:
    heavy = {"torch", "torchvision", "matplotlib", "pandas", "ipywidgets", "sklearn", "numpy"}
    result = run(sys.executable, "-c", f"import sys, dpwidgets; print(*sorted({heavy!r} & set(sys.modules)))")
    assert result.stdout.split() == [], result.stdout + result.stderr


def test_every_public_name_loads() -> None:
    import dpwidgets

    for name in dpwidgets.__all__:
        assert getattr(dpwidgets, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dpwidgets.nothing


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~\[;]", r, maxsplit=1)[0].lower() for r in requirements}


def test_environment_yml_installs_the_same_package() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d["pip"] for d in conda["dependencies"] if isinstance(d, dict))
    python = next(d for d in conda["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert python == f"python{PROJECT['requires-python']}"
    assert "--constraint constraints.txt" in pip
    (install,) = [line for line in pip if line.startswith("--editable")]
    extras = re.search(r"\[(.*)\]", install)
    assert extras is not None
    makefile = (ROOT / "Makefile").read_text()
    assert f"[{extras.group(1)}]" in makefile, "the Makefile and environment.yml install other extras"
    assert set(extras.group(1).split(",")) <= set(PROJECT["optional-dependencies"])


def test_the_named_packages_are_installed() -> None:
    wanted = {"jupyterlab", "ipywidgets", "torch", "torchvision", "matplotlib", "nbval", "papermill"}
    assert wanted <= names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["test"])


def test_constraints_pin_every_requirement_and_hold_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9._+]+", pin) for pin in pins)
    assert "://" not in text
    optional = PROJECT["optional-dependencies"]
    wanted = names(PROJECT["dependencies"]) | names(optional["test"]) | names(optional["bench"])
    assert wanted <= names(pins)
