"""pytest plugin: processor seconds of each test, its children's with them, in the report of `--junitxml`.

Seconds on the clock grow with whatever else the machine does; these hardly do. The seconds of a kernel count
where it ends, in the last test of its notebook.
"""

import resource
from collections.abc import Generator

import pytest

_BEFORE = pytest.StashKey[float]()


def _spent() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[_BEFORE] = _spent()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.when == "teardown":
        item.user_properties.append(("cpu_seconds", round(_spent() - item.stash[_BEFORE], 3)))
    return (yield)
