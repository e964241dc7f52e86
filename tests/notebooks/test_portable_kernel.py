"""Classes and lambdas of notebook cells in workers, under all start methods, from inside a real kernel."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kernels import Client, notebook_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

DEFINITIONS = """
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
from torchvision import transforms
from dpwidgets import portable

OFFSET = 100

class Rows(Dataset):
    def __init__(self, transform=None):
        self.transform = transform
        self.added = 0
    def __len__(self):
        return 6
    def __getitem__(self, index):
        row = torch.full((1, 2, 2), OFFSET + index + self.added)
        return row if self.transform is None else self.transform(row)

class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        yield from range(info.id, 6, info.num_workers)

def add_ten(worker):
    get_worker_info().dataset.added = 10
"""

# Few workers: each takes seconds of processor time to import torch.
LOADERS = """
compose = transforms.Compose([transforms.Lambda(lambda row: -row), transforms.RandomHorizontalFlip(1.0)])
print(list(DataLoader(
    portable(Rows(compose)), 3, collate_fn=portable(lambda rows: [row[0, 0, 0].item() for row in rows]),
    worker_init_fn=portable(add_ten), num_workers=1, multiprocessing_context={method!r}, timeout=120,
)))
print([batch.tolist() for batch in DataLoader(
    portable(Stream()), 3, num_workers=2, multiprocessing_context={method!r}, timeout=120,
)])
"""

EXPECTED = """\
[[-110, -111, -112], [-113, -114, -115]]
[[0, 2, 4], [1, 3, 5]]
"""

PLAIN = """
try:
    print(len(list(DataLoader(Rows(), 3, num_workers=1, multiprocessing_context="spawn", timeout=60))))
except RuntimeError:
    print("RuntimeError")
"""


def run(tmp_path: Path, *sources: str) -> list[str]:
    """What each cell printed."""
    book = new_notebook(cells=[new_code_cell(source) for source in sources])
    nbformat.validate(book)
    client = Client(book, tmp_path, timeout=300)
    try:
        client.start(notebook_environment(tmp_path))
        for index, cell in enumerate(book.cells):
            client.execute_cell(cell, index)
    finally:
        client.stop()
    return [
        "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        for cell in book.cells
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has spawn only")
def test_cells_work_under_every_start_method(tmp_path: Path) -> None:
    methods = ("fork", "spawn", "forkserver")
    _, *printed = run(tmp_path, DEFINITIONS, *(LOADERS.format(method=method) for method in methods))
    assert dict(zip(methods, printed, strict=True)) == dict.fromkeys(methods, EXPECTED)


def test_without_it_the_same_cell_fails(tmp_path: Path) -> None:
    assert run(tmp_path, DEFINITIONS, PLAIN)[1] == "RuntimeError\n"
