"""Can the workbook run here? The packages it needs, the machine, the optional engines, as one table.

Nothing is installed, nothing is downloaded and no address is tried.
"""

import importlib.util
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib import metadata
from platform import python_version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dpwidgets import samples
from dpwidgets.learn.machine import machine_facts


@dataclass(frozen=True)
class Package:
    """One package that the workbook needs."""

    name: str
    needed: str
    """The versions allowed, such as ">=2.11"; "" allows any."""
    installed: str | None
    """None: not installed."""

    @property
    def problem(self) -> str | None:
        """What is wrong with it, in a few words; None when nothing is."""
        if self.installed is None:
            return f"{self.name} is not installed"
        if not SpecifierSet(self.needed).contains(self.installed, prereleases=True):
            return f"{self.name} is {self.installed}, but {self.needed} is needed"
        return None


@dataclass(frozen=True)
class Engine:
    """An optional engine: one chapter uses it where it is there, and goes on without it where it is not."""

    name: str
    use: str
    installed: str | None
    """Its version, or "yes" where that is not known; None: not installed."""
    cure: str
    """The one line that installs it."""


@dataclass(frozen=True, repr=False)
class EnvironmentReport:
    """What `environment_report()` found. Shows itself as text and as HTML tables."""

    packages: tuple[Package, ...]
    machine: tuple[tuple[str, str], ...]
    engines: tuple[Engine, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the workbook from running, one short line each; empty when all is well."""
        return tuple(package.problem for package in self.packages if package.problem is not None)

    @property
    def verdict(self) -> str:
        """One sentence: can the workbook run here? The same on every machine where it can."""
        if not self.problems:
            return "All required packages are installed and new enough."
        return f"Not ready: {'; '.join(self.problems)}. Run `make lab` again: it installs what is missing."

    @property
    def sections(self) -> dict[str, list[tuple[str, str]]]:
        """Title of each table -> its rows (name, value)."""
        return {
            "Required packages": [
                (each.name, each.problem or f"{each.installed} (needed: {each.needed or 'any'})")
                for each in self.packages
            ],
            "This machine": list(self.machine),
            "Optional engines": [
                (f"{each.name}: {each.use}", each.installed or f"not installed; to get it: {each.cure}")
                for each in self.engines
            ],
        }

    def __repr__(self) -> str:
        lines = [self.verdict]
        for title, rows in self.sections.items():
            width = max((len(name) for name, _ in rows), default=0)
            lines += ["", title, *(f"  {name:<{width}}  {value}" for name, value in rows)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tables = (_table(title, rows) for title, rows in self.sections.items())
        return f'<p role="status"><strong>{escape(self.verdict)}</strong></p>{"".join(tables)}'


def environment_report() -> EnvironmentReport:
    """Look at this machine and report. Takes about a second, most of it to import torch.

    Raises:
        importlib.metadata.PackageNotFoundError: dpwidgets runs from a bare copy of its folder, not installed.
    """
    requirements = [Requirement(line) for line in metadata.requires("dpwidgets") or ()]
    return EnvironmentReport(
        packages=tuple(_packages(requirements)),
        machine=machine_facts(samples.cache_folder()),
        engines=tuple(_engines(requirements)),
    )


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    left = 'style="text-align:left"'
    body = "".join(
        f'<tr><th scope="row" {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table><caption {left}>{escape(title)}</caption><tbody>{body}</tbody></table>"


def _packages(requirements: Iterable[Requirement]) -> Iterable[Package]:
    yield Package("Python", metadata.metadata("dpwidgets")["Requires-Python"], python_version())
    for requirement in requirements:
        # A marker that is false without an extra belongs to an extra, or to another system.
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield Package(requirement.name, str(requirement.specifier), _version(requirement.name))


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


_ENGINES = (  # name, what for, module, distribution
    ("Dask", "tables larger than memory, chapter 09", "dask", "dask"),
    ("Spark", "data on many machines, chapter 09 (needs Java too)", "pyspark", "pyspark"),
    ("DALI", "decoding by NVIDIA, chapter 08", "nvidia.dali", "nvidia-dali-cuda130"),
    ("NLTK", "words and synonyms, chapter 05b", "nltk", "nltk"),
    ("spaCy", "words and sentences, chapter 05b", "spacy", "spacy"),
)


def _engines(requirements: Iterable[Requirement]) -> Iterable[Engine]:
    known = {each.name: _without_marker(each) for each in requirements}
    for name, use, module, distribution in _ENGINES:
        version = (_version(distribution) or "yes") if _importable(module) else None
        # Pasted into a notebook cell, this line installs into the kernel that runs the notebook.
        yield Engine(name, use, version, f'%pip install "{known.get(distribution, distribution)}"')
    java = "yes" if shutil.which("java") else None
    yield Engine("Java", "needed by Spark, chapter 09", java, "apt install openjdk-17-jre-headless")


def _without_marker(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
