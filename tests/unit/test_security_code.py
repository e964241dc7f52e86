"""No pickle from disk, nothing extracted, nothing downloaded unasked, no service beyond this machine.

Read out of the code itself: dpwidgets, tools, benchmarks, and the chapters' sources.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("dpwidgets", "tools", "benchmarks", "notebooks/source")
# Pickles between a kernel and processes that it started itself: bytes from a pipe, never from a file.
FROM_A_PIPE = {f"dpwidgets/prep/loading/{name}.py" for name in ("child", "portable", "watch")}
# What chapters show as a mistake, or as a danger, with bytes and a site of their own.
ON_PURPOSE = {
    ("notebooks/source/02_dataset_dataloader.py", "pickle.load(sys.stdin.buffer)"),
    ("notebooks/source/10b_collecting_data.py", "pickle.loads(gift)"),
    ("notebooks/source/10b_collecting_data.py", "urlretrieve(f'{site.url}/cut/{photo}', half)"),
}
UNPICKLING = {
    "load": {"pickle", "cloudpickle", "dill", "joblib", "marshal", "_pickle", "shelve"},
    "loads": {"pickle", "cloudpickle", "dill", "marshal", "_pickle"},
    "Unpickler": {"pickle", "cloudpickle", "_pickle"},
    "read_pickle": {"pd", "pandas"},
    "open": {"shelve"},
}
EXTRACTING = {"extractall", "extract", "unpack_archive"}
DOWNLOADING = {"urlretrieve", "download_url", "download_and_extract_archive", "load_state_dict_from_url"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if folder == "notebooks/source":
                cells = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]
                source = "\n".join(re.sub(r"^[%!].*$", "pass", cell, flags=re.M) for cell in cells)
            else:
                source = path.read_text(encoding="utf-8")
            yield name, ast.parse(source, name)


MODULES = dict(modules())
CALLS = [
    (name, node) for name, tree in MODULES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)
]


def called(node: ast.Call) -> tuple[str, str]:
    """`torch.load(...)` -> ("torch", "load"); what stands further left is left out."""
    function = node.func
    if isinstance(function, ast.Name):
        return "", function.id
    if not isinstance(function, ast.Attribute):
        return "", ""
    owner = function.value
    return getattr(owner, "id", getattr(owner, "attr", "?")), function.attr


def given(node: ast.Call, name: str) -> Any:
    """The constant that a keyword is given; None if it is not there, ... if it is no constant."""
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
    return None


def found(wanted: Any) -> list[str]:
    """Where a call is `wanted(file, node, owner, name)`, but for those on purpose."""
    places = ((name, node) for name, node in CALLS if wanted(name, node, *called(node)))
    return [f"{name}:{node.lineno}" for name, node in places if (name, ast.unparse(node)) not in ON_PURPOSE]


def test_the_code_is_really_read() -> None:
    assert len(MODULES) > 200
    assert sum(name.startswith("notebooks/") for name in MODULES) >= 12
    assert len([1 for _, node in CALLS if called(node) == ("torch", "load")]) >= 2


def test_every_torch_load_takes_weights_only() -> None:
    assert not found(
        lambda name, node, left, right: (
            (left, right) == ("torch", "load") and given(node, "weights_only") is not True
        )
    )


def test_nothing_is_unpickled_from_a_file() -> None:
    assert not found(
        lambda name, node, left, right: (
            left in UNPICKLING.get(right, ())
            and not (name in FROM_A_PIPE and (left, right) == ("cloudpickle", "loads"))
        )
    )
    imported = [
        f"{name}: from {node.module} import {alias.name}"
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in UNPICKLING and node.module in UNPICKLING[alias.name]
    ]
    assert not imported


def unsafe_texts(name: str, tree: ast.Module) -> set[tuple[str, str]]:
    """(file, call) for every call that unpickles in a text, such as a script or code that is shown."""
    calls = r"(?:pickle|marshal|dill|joblib)\.loads?\([^)]*\)"
    load = r"torch\.load\((?![^)]*weights_only=True)[^\n]*"
    pattern = re.compile(rf"{calls}|{load}|allow_pickle=True|weights_only=False")
    return {
        (name, match.group())
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in pattern.finditer(node.value)
    }


def test_no_code_in_a_text_unpickles_but_the_one_that_shows_it() -> None:
    assert set().union(*(unsafe_texts(name, tree) for name, tree in MODULES.items())) <= ON_PURPOSE


@pytest.mark.parametrize("call", ["pickle.load(file)", "torch.load(path)", "torch.load(open(path), 'cpu')"])
def test_a_call_in_a_text_of_many_lines_is_found(call: str) -> None:
    tree = ast.parse(f"CODE = {f'import torch{chr(10)}model = {call}{chr(10)}'!r}")
    assert unsafe_texts("a.py", tree) == {("a.py", call)}
    assert not unsafe_texts("a.py", ast.parse("CODE = 'x' '\\ntorch.load(path, weights_only=True)'"))


def test_numpy_never_unpickles() -> None:
    assert not found(lambda name, node, left, right: given(node, "allow_pickle") not in (None, False))


def test_no_archive_is_extracted() -> None:
    """Shards and zips are read member by member into memory: no path of theirs is ever opened."""
    assert not found(lambda name, node, left, right: right in EXTRACTING and left != "str")


def test_nothing_is_downloaded_by_a_dataset_or_model_hub() -> None:
    assert not found(
        lambda name, node, left, right: (
            right in DOWNLOADING
            or given(node, "download") not in (None, False)
            or (right == "from_pretrained" and given(node, "local_files_only") is not True)
            or (left, right) == ("hub", "load")
        )
    )


def test_pretrained_weights_are_never_asked_for() -> None:
    assert not found(
        lambda name, node, left, right: (
            given(node, "weights") not in (None, ..., "distance")
            or given(node, "pretrained") not in (None, False)
        )
    )


def test_published_weights_are_held_against_their_checksum() -> None:
    weights = [
        (f"{name}:{node.lineno}", given(node, "check_hash"), given(node, "weights_only"))
        for name, node in CALLS
        if called(node)[1] == "get_state_dict"
    ]
    assert weights
    assert [place for place, checked, plain in weights if not (checked is True and plain is True)] == []


def test_no_shell_and_no_certificate_that_is_not_looked_at() -> None:
    assert not found(
        lambda name, node, left, right: (
            given(node, "shell") not in (None, False)
            or given(node, "verify") is False
            or (left, right) in {("os", "system"), ("os", "popen"), ("ssl", "_create_unverified_context")}
        )
    )


def test_services_listen_on_loopback_only() -> None:
    """Every address in the code is loopback, and every server is told one."""
    addresses = [
        (f"{name}:{node.lineno}", node.value)
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [place for place, text in addresses if "0.0.0.0" in text or "[::]" in text]

    def open_to_all(name: str, node: ast.Call, left: str, right: str) -> bool:
        first = node.args[0] if node.args else None
        if right.endswith(("HTTPServer", "TCPServer")) or (right == "bind" and isinstance(first, ast.Tuple)):
            host = first.elts[0] if isinstance(first, ast.Tuple) else None
            return not (isinstance(host, ast.Constant) and host.value == "127.0.0.1")
        if right in ("create_server", "start_server"):
            return True
        if right in ("LocalCluster", "Client") and given(node, "dashboard_address") is not None:
            return given(node, "dashboard_address") not in (None, "127.0.0.1:0")
        return False

    assert not found(open_to_all)


def test_a_cluster_says_where_its_dashboard_is() -> None:
    """Dask's own default opens the dashboard on every network of the machine."""
    for name, tree in MODULES.items():
        source = ast.unparse(tree)
        clusters = [node for other, node in CALLS if other == name and called(node)[1] == "LocalCluster"]
        told = re.findall(r"dashboard_address'?[=:] ?(?:None|'127\.0\.0\.1:0')", source)
        assert len(told) >= len({ast.unparse(node) for node in clusters}), name


@pytest.mark.parametrize("option", ["IdentityProvider.token", "password", "allow_origin", "disable_check"])
def test_jupyter_is_started_with_its_token_on_loopback(option: str) -> None:
    source = (ROOT / "tools/start_lab.py").read_text(encoding="utf-8")
    assert option not in source
    assert "--ServerApp.ip=127.0.0.1" in source


def test_no_view_writes_html() -> None:
    """Names of the reader's data reach the page as text nodes and attributes, never as HTML."""
    writes = re.compile(
        r"(inner|outer)HTML|insertAdjacentHTML|document\.write|ContextualFragment|srcdoc|eval\("
    )
    scripts = sorted((ROOT / "dpwidgets").rglob("*.js"))
    assert len(scripts) > 10
    assert not [path.name for path in scripts if writes.search(path.read_text(encoding="utf-8"))]
