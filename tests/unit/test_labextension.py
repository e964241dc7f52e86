"""The hand-written JupyterLab extension: its files agree with each other and with the installed copy."""

import json
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "dpwidgets" / "labextension"
FILES = ("package.json", "install.json", "static/remoteEntry.js")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    return json.loads((SOURCE / "package.json").read_text())


def test_package_belongs_to_this_project(project: dict[str, Any], package: dict[str, Any]) -> None:
    install = json.loads((SOURCE / "install.json").read_text())
    assert install["packageName"] == project["project"]["name"]
    assert package["version"] == project["project"]["version"]
    assert package["license"] in project["project"]["license"]


def test_package_is_installed_under_its_name(project: dict[str, Any], package: dict[str, Any]) -> None:
    # JupyterLab builds the script's address from the package's name, not from the folder's.
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"dpwidgets/labextension": f"share/jupyter/labextensions/{package['name']}"}


def test_script_is_where_the_package_says(package: dict[str, Any]) -> None:
    build = package["jupyterlab"]["_build"]
    assert build == {"load": "static/remoteEntry.js", "extension": "./extension"}
    assert f'const NAME = "{package["name"]}";' in (SOURCE / build["load"]).read_text()


@pytest.mark.parametrize("name", FILES)
def test_installed_copy_is_this_one(name: str, package: dict[str, Any]) -> None:
    ending = f"share/jupyter/labextensions/{package['name']}/{name}"
    installed = [file for file in distribution("dpwidgets").files or () if file.as_posix().endswith(ending)]
    cure = (
        f"install the project again (pip install --no-deps -e .): {ending} is not the file of this checkout"
    )
    assert len(installed) == 1, cure
    assert Path(str(installed[0].locate())).read_bytes() == (SOURCE / name).read_bytes(), cure
