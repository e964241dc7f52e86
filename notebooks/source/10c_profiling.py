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
# # 10c Profiling
#
# A slow pipeline has one part that holds up all the others. Make another part faster, and nothing changes. So
# before you change anything, find out **where the time goes**. This chapter has the instruments, says what each
# of them cannot see, and ends in a clinic: six slow pipelines, and you are the doctor.
#
# **After this chapter you can**
#
# - read a [profile](pages/glossary.ipynb#profiler) of cProfile and of `torch.profiler`, and say where they are blind,
# - look into [worker](pages/glossary.ipynb#worker) processes: from inside with a trace, from outside with py-spy,
# - tell shared memory from a process's own, and say what "utilisation" means,
# - work out what a change can bring at most, before you make it,
# - find the cause of a slow pipeline by counting, and prove the cure.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Dataset, DataLoader, workers | needed | chapter 02 |
# | Transforms | needed | chapter 03 |
# | A training step: forward, backward, optimizer | helpful | chapter 10 |
#
# **Time:** 75 minutes to read and try, with the exercises. The cells alone run for about half a minute.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import multiprocessing
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ |= {"KINETO_LOG_LEVEL": "99", "TORCH_CPP_LOG_LEVEL": "ERROR"}  # the profiler's own chatter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from dpwidgets import LoaderLab, exercise, palette, predict, quiz, samples, show, trace, use_style
from dpwidgets.prep import clinic
from dpwidgets.prep.parameters import Choice, Folder, Integer, check_parameters

# %% tags=["parameters"]
data_dir = None  # your own JPEGs, one folder for each class; None takes the sample photos
seed = 0  # start of chance, a whole number from 0 to 1,000,000
photos = 64  # photos that a run reads, 32 to 10,000
batch_size = 16  # photos in a batch, 4 to 512; four batches or more must come
size = 224  # side of the photos as the model gets them, pixels, 32 to 512
repeats = 5  # how often a short timing is repeated, 3 to 50
start_method = "default"  # how workers begin: "fork", "spawn", "forkserver"; "default": the system's way
patience = 60  # seconds until a worker that gives nothing is an error, 20 to 3,600

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True, visible=True),
    seed=Integer(0, 1_000_000),
    photos=Integer(32, 10_000),
    batch_size=Integer(4, 512),
    size=Integer(32, 512),
    repeats=Integer(3, 50),
    start_method=Choice("default", *multiprocessing.get_all_start_methods()),
    patience=Integer(20, 3600),
)
if photos < 4 * batch_size:
    raise ValueError(f"photos = {photos} and batch_size = {batch_size}: give at least four batches of photos")
context = None if start_method == "default" else start_method
two = {"num_workers": 2, "timeout": patience, "multiprocessing_context": context}
multiprocessing.set_forkserver_preload(["torch", "torchvision.transforms"])
scratch = tempfile.TemporaryDirectory()
torch.manual_seed(seed)
use_style()

# %% [markdown]
# ## 1. First guess
#
# This is the guide's training pipeline: decode, resize, flip, rotate, change the colours, make a tensor,
# normalise. And a small model with its step. (`record_function` gives a piece of code a name; section 4 uses it.)


# %%
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
pipeline = transforms.Compose(
    [
        transforms.Resize((size, size)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomRotation(10),
        transforms.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
        transforms.ToTensor(),
        transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)
folder = ImageFolder(
    root, pipeline, is_valid_file=lambda name: name.lower().endswith((".jpg", ".jpeg")), allow_empty=True
)
if len(folder) < photos:
    raise ValueError(
        f"{len(folder)} JPEGs in data_dir = {data_dir!r}, but photos = {photos}: give more, or ask for fewer"
    )
some = np.linspace(0, len(folder) - 1, photos).astype(int).tolist()  # spread over all classes
dataset = Subset(folder, some)
files = [Path(folder.samples[i][0]) for i in some]
print(f"{len(dataset)} of {len(folder):,} photos, batches of {batch_size}, {len(folder.classes)} classes")

# %%
model = nn.Sequential(
    nn.Conv2d(3, 16, 7, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(folder.classes)),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def train_step(images: torch.Tensor, labels: torch.Tensor) -> None:
    with torch.profiler.record_function("forward"):
        loss = nn.functional.cross_entropy(model(images), labels)
    with torch.profiler.record_function("backward"):
        loss.backward()
    with torch.profiler.record_function("optimizer"):
        optimizer.step()
        optimizer.zero_grad()


def run(num_workers: int, after_step: Callable[[], None] = lambda: None) -> None:
    """One epoch of training; `after_step` is called after each step."""
    for images, labels in DataLoader(dataset, batch_size, **two if num_workers else {}):
        train_step(images, labels)
        after_step()


print(f"{sum(weight.numel() for weight in model.parameters()):,} weights")

# %% [markdown]
# **Question.** Which part takes the longest? And how many percent of an item's time is the decoding of the JPEG?
# Write your guess down. Section 7 has the answer.

# %%
predict("10c.p1", ...)

# %% [markdown]
# ## 2. cProfile
#
# Python's own profiler notes every call of a function: how often, and how long. The guide recommends it for slow
# operations. **Question:** what comes out on top for one epoch without workers?


# %% tags=["nbval-ignore-output"] reason="timing: seconds depend on the machine"
import cProfile
import pstats


def profiled(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> pd.DataFrame:
    """What cProfile notes while `work` runs, the functions with the most time of their own first."""
    profiler = cProfile.Profile(clock)
    profiler.runcall(work)
    rows = []
    for (file, line, name), (_, calls, own, total, _) in pstats.Stats(profiler).stats.items():
        short = f"{Path(file).name}: {name}" if line else re.sub("<built-in method |<method |>", "", name)
        rows.append((short, calls, own, total))
    columns = ["function", "calls", "own seconds", "with those it calls"]
    return pd.DataFrame(rows, columns=columns).sort_values("own seconds", ascending=False, ignore_index=True)


alone = profiled(lambda: run(0))
alone.head(9).round(3)

# %% [markdown]
# **What happened.** *own seconds* is the time in the function itself; the last column has the functions that it
# calls as well. `convert` leads, with six calls for each photo: who calls it so often? Not the decoding. It is the
# colour jitter: for the hue, every picture goes to another colour space and back. `decode` stands well below.
#
# Two warnings. Each call costs a little more under the profiler, so many small Python functions look worse than
# they are. And C code, such as `resize`, is one entry, whatever happens inside.
#
# **Question.** Now only the loading, without the step, and with two workers: how many calls of `__getitem__` does
# the profile list?

# %%
predict("10c.p2", ...)


# %% tags=["claim-32"] figure="slow __getitem__"
def only_load(num_workers: int) -> None:
    """One epoch without a training step."""
    for _ in DataLoader(dataset, batch_size, **two if num_workers else {}):
        pass


both = {0: profiled(lambda: only_load(0)), 2: profiled(lambda: only_load(2))}
listed = {
    workers: int(table.loc[table["function"] == "folder.py: __getitem__", "calls"].sum())
    for workers, table in both.items()
}
waits = both[2]["function"].str.contains("poll").any()
words = {
    workers: f"{workers} workers {'yes' if calls else 'no'} ({calls} calls)"
    for workers, calls in listed.items()
}
print(f"slow __getitem__ in the profile: {words[0]}, {words[2]}; it waits in poll there: {waits}")
for name in ("convert", "decode"):
    seen = [table["function"].str.contains(f"'{name}' of 'Imaging").any() for table in both.values()]
    print(f"{name}: seen with 0 workers {seen[0]}, with 2 workers {seen[1]}")
predict("10c.p2").reveal(listed[2])

# %% [markdown]
# > **Correction.** The guide: cProfile identifies slow operations. The machine: **only those of its own process.**
# > With workers all reading and transforming happens elsewhere, and the profile shows what the main process does
# > meanwhile: it waits for them (`poll`, a call of the system). Profile with `num_workers=0`, or use an instrument
# > that reaches the workers.
#
# ## 3. A trace of the loader
#
# A profile adds up. A **trace** keeps each piece of work as a [span](pages/glossary.ipynb#timeline), with its start
# and its end. `trace(loader)` (chapter 02) notes them *in the workers* and sends them along with the batches.
# **Question:** how many spans has our epoch of 64 photos in four batches?

# %%
traced = trace(DataLoader(dataset, batch_size, **two))
for images, labels in traced:
    train_step(images, labels)
# Two waits are for no batch: "start", until the workers are there, and "end", for the end of the epoch.
kinds = Counter(span.kind for span in traced.spans if span.name not in ("start", "end"))
for kind in ("start", "fetch", "transform", "collate", "wait", "step"):
    print(f"{kind:10} {kinds[kind]:4} spans")

# %%
import json

path = traced.to_chrome(Path(scratch.name, "loader.json"))
events = json.loads(path.read_text())["traceEvents"]
rows = sorted({event["args"]["name"] for event in events if event["name"] == "process_name"})
first = next(event for event in events if event.get("cat") == "fetch")
print("a file for ui.perfetto.dev, rows:", ", ".join(rows))
print("an event has", ", ".join(first))

# %% tags=["nbval-ignore-output"] reason="timing: the picture of a run is another one each time"
looks = {
    "start": (palette.YELLOW, ".."), "fetch": (palette.SKY, ""), "collate": (palette.GREEN, "xx"),
    "wait": (palette.ORANGE, "//"), "step": (palette.BLUE, ""),
}  # fmt: skip
begin = min(span.start for span in traced.spans)
fig, axis = plt.subplots(figsize=(8, 2.1))
for kind, (colour, hatch) in looks.items():
    for worker in (-1, 0, 1):
        bars = [(s.start - begin, s.seconds) for s in traced.spans if s.kind == kind and s.worker == worker]
        label = kind if worker == -1 or (kind in ("start", "fetch", "collate") and worker == 0) else None
        style = {"facecolors": colour, "edgecolors": "black", "hatch": hatch, "lw": 0.5, "label": label}
        axis.broken_barh(bars, (worker - 0.4, 0.8), **style)
axis.set_yticks([-1, 0, 1], ["training", "worker 0", "worker 1"])
axis.set(xlabel="seconds")
named = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
axis.legend(named.values(), named.keys(), ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
axis.invert_yaxis()
show(
    fig,
    alt="Three rows over time: two workers start, then fetch photo after photo; training waits and steps in turn.",
)
print(traced.summary())
traced.summary().table().round(3).head(6)

# %% [markdown]
# **What happened.** 64 photos, each with six transform steps: 384 spans, and every one knows its process. The
# picture says at a glance what no table says: *when* training waits, and what the workers do meanwhile. The longest
# wait is the first, while the workers start and make the first batch; the summary counts it apart, as *start-up*.
# The table names the dearest part, with workers at work. The trace file opens in `chrome://tracing` or at
# ui.perfetto.dev, where you can zoom.
#
# ## 4. torch.profiler
#
# PyTorch's own profiler knows every operation of torch, on the CPU and on a GPU, and its memory. It is dear, so it
# runs for a few steps only: `schedule(wait=1, warmup=1, active=2)` lets one step pass, warms up in the second, and
# records two. (The older `torch.utils.bottleneck` is gone.) **Question:** will it see into the workers?


# %%
from torch.profiler import ProfilerActivity, profile, schedule


def torch_profiled(num_workers: int) -> tuple[dict, dict]:
    """What torch.profiler records of two steps: name -> sums, and the trace file as a dictionary."""
    path = Path(scratch.name, f"torch_{num_workers}.json")
    with profile(
        activities=[ProfilerActivity.CPU],
        schedule=schedule(wait=1, warmup=1, active=2, repeat=1),
        on_trace_ready=lambda done: done.export_chrome_trace(str(path)),
        profile_memory=True,
    ) as profiler:
        run(num_workers, after_step=profiler.step)
    return {event.key: event for event in profiler.key_averages()}, json.loads(path.read_text())


recorded = {workers: torch_profiled(workers) for workers in (0, 2)}
for workers, (sums, _) in recorded.items():
    calls = {
        name: sums[name].count if name in sums else 0
        for name in ("forward", "aten::convolution", "aten::sub_")
    }
    print(
        f"{workers} workers, two steps:", ", ".join(f"{name} {count} times" for name, count in calls.items())
    )

# %%
for name in ("forward", "backward"):
    print(f"{name}: {recorded[0][0][name].cpu_memory_usage / 1e6 / 2:+.0f} MB a step")

# %% [markdown]
# **What happened.** `aten::sub_` is the subtraction in `Normalize`, once for each photo: two batches of 16, seen
# without workers, and **not seen with two**. So torch.profiler does not reach workers either. It shows the waiting,
# under the name `enumerate(DataLoader)...__next__`.
#
# Memory: the forward pass keeps its intermediate results, and the backward pass lets them go. On a GPU this is the
# number that decides how large a batch may be. **Question:** where do two steps spend their time?


# %% tags=["nbval-ignore-output"] reason="timing: shares depend on the machine"
sums, file = recorded[0]
table = pd.DataFrame(
    [(e.key[:40], e.count, e.self_cpu_time_total / 1e3, e.cpu_time_total / 1e3) for e in sums.values()],
    columns=["operation", "calls", "own ms", "with those it calls, ms"],
)
print(table.sort_values("own ms", ascending=False, ignore_index=True).head(7).round(1).to_string())

blocks = [e for e in file["traceEvents"] if e.get("cat") == "user_annotation"]
start = min(event["ts"] for event in blocks)
names = {"ProfilerStep": "whole step", "enumerate": "next batch"} | {
    name: name for name in ("forward", "backward", "optimizer")
}
fig, axis = plt.subplots(figsize=(8, 1.9))
for place, name in enumerate(names):
    for event in blocks:
        if event["name"].startswith(name):
            left, width = (event["ts"] - start) / 1e3, event["dur"] / 1e3
            axis.barh(place, width, left=left, color=palette.SERIES[place], edgecolor="black", linewidth=0.5)
axis.set_yticks(range(len(names)), names.values())
axis.set(xlabel="milliseconds")
axis.invert_yaxis()
show(fig, alt="Two profiled steps: the next batch takes most of each; the optimizer is hardly to be seen.")

# %% [markdown]
# **What happened.** The figure is drawn from the file that `export_chrome_trace` wrote: a list of events, each with
# name, start `ts` and length `dur` in microseconds. Perfetto shows the same, with all operations below the blocks.
#
# Read from coarse to fine: first the *blocks* of the figure (`next batch` comes from the loader, three you named
# yourself), then, in the table, the operations inside the dearest one.
# `record_shapes=True` and `with_stack=True` add the shapes and the lines of code, at a price. With a GPU, add
# `ProfilerActivity.CUDA`: its kernels get a row of their own, and gaps in that row are the time in which it waits.
#
# ## 5. py-spy: a look from outside
#
# **Question.** A run is slow *now*, on another machine, and you cannot change its code. What can you do?
# `py-spy` reads the memory of a running Python process and writes down, many times a second, which line is being
# executed. `--subprocesses` takes the workers too.

# %% tags=["nbval-ignore-output"] reason="sampling: another count each time; py-spy is optional"
import shutil
import subprocess
import sys

code = """import sys
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as t
if __name__ == "__main__":
    steps = t.Compose([t.Resize((224, 224)), t.ColorJitter(0.2, 0.2, 0.2, 0.1), t.ToTensor()])
    for batch in DataLoader(datasets.ImageFolder(sys.argv[1], steps), 16, num_workers=2):
        print("batch", flush=True)"""
script, stacks = Path(scratch.name, "training.py"), Path(scratch.name, "stacks.txt")
script.write_text(code)
spy = shutil.which("py-spy", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
if spy:
    target = subprocess.Popen([sys.executable, script, root], stdout=subprocess.PIPE)
    try:
        target.stdout.readline()  # the first batch is there
        call = f"{spy} record --pid {target.pid} --subprocesses --duration 1 --format raw --output"
        done = subprocess.run([*call.split(), stacks], capture_output=True, text=True, timeout=patience)
    finally:
        for process in (*psutil.Process(target.pid).children(recursive=True), target):
            process.kill()
        target.communicate()

# %% tags=["nbval-ignore-output"] reason="sampling: another count each time; py-spy is optional"
if spy is None:
    print("py-spy is not installed. To see this cell work: pip install py-spy")
elif done.returncode:
    print("py-spy may not look at other processes here:", done.stderr.strip().splitlines()[-1])
at = Counter()  # (process, innermost function) -> samples
for line in stacks.read_text().splitlines() if spy and not done.returncode else ():
    stack, samples_here = line.rsplit(" ", 1)
    who = "a worker" if len(re.findall(r"(?:^|;)process \d+:", stack)) > 1 else "training"
    at[who, re.sub(r"\.py:\d+", ".py", stack.split(";")[-1])] += int(samples_here)
for (who, where), count in at.most_common(8):
    print(f"{count:4} samples  {who:9} {where}")

# %% [markdown]
# **What happened.** The workers are in `convert`, `resize` and `load`, which decodes: the same names as in section 2,
# but now **with workers, from outside, without a change to the code**. Training is hardly there: py-spy leaves out
# threads that only wait (`--idle` lists them). `py-spy dump --pid 1234` prints where each thread is at this moment:
# the first thing to try when a run hangs. (Some systems allow it only to the administrator; the cell says so.)
#
# ## 6. Memory, and how busy is busy
#
# **Question.** `tracemalloc` is Python's own instrument for memory. You make a tensor of 100 MB. By how many MB
# does it grow?

# %%
predict("10c.p3", ...)

# %%
import tracemalloc

makes = {
    "tensor, 25 million float32": lambda: torch.ones(25_000_000),
    "NumPy array, the same": lambda: np.ones(25_000_000, dtype=np.float32),
    "list of a million floats": lambda: [float(n) for n in range(1_000_000)],
}
grown = {}
tracemalloc.start()
for what, make in makes.items():
    before = tracemalloc.get_traced_memory()[0]
    thing = make()
    grown[what] = round((tracemalloc.get_traced_memory()[0] - before) / 1e6)
    del thing
    print(f"{what:27} tracemalloc sees {grown[what]:3} MB")
tracemalloc.stop()
predict("10c.p3").reveal(grown["tensor, 25 million float32"])

# %% [markdown]
# **What happened.** NumPy reports its memory to Python, torch does not. For tensors use `profile_memory=True`
# (section 4), on a GPU `torch.accelerator.memory_allocated()`, or ask the system about the whole process.
#
# The system has three [numbers](pages/glossary.ipynb#RSS). **RSS** counts every page that a process can see. **USS**
# counts the pages that it alone has. **PSS** gives each process its part of the shared ones. **Question:** two
# [forked](pages/glossary.ipynb#fork) workers share 100 MB with the notebook. What does each number say?


# %%
class Own(Dataset):
    """RSS, USS and PSS of the process that reads the item, MB; PSS is 0 where the system has none."""

    def __init__(self, shared: np.ndarray) -> None:
        self.shared = shared

    def __len__(self) -> int:
        return 2

    def __getitem__(self, i: int) -> torch.Tensor:
        self.shared.sum()  # looks at every page
        memory = psutil.Process().memory_full_info()
        return torch.tensor([getattr(memory, name, 0) / 1e6 for name in ("rss", "uss", "pss")])


shared = np.ones(100_000_000, dtype=np.uint8)
if "fork" in multiprocessing.get_all_start_methods():
    forked = {"num_workers": 2, "timeout": patience, "multiprocessing_context": "fork", "batch_size": None}
    rss, uss, pss = torch.stack(list(DataLoader(Own(shared), **forked))).T
    print("RSS: each worker seems to have the 100 MB:   ", (rss > 100).all().item())
    print("USS: a worker has 100 MB for itself:         ", (uss > 100).any().item())
    print("PSS: added up it is less than half of RSS:   ", (pss.sum() < rss.sum() / 2).item())

# %% [markdown]
# **What happened.** RSS counts the 100 MB once for *each* process: added up, it says that memory is full when it is
# not. Add up **PSS**; and to see what one more worker would cost, look at **USS**. If USS grows with each epoch, the
# workers copy (chapter 02: a list of strings).
#
# And the GPU? The guide says: `nvidia-smi` shows GPU use. **Question:** two programs on a GPU with 132 units. One
# keeps a *single* unit busy all the time. The other uses all of them, half of the time. Which has the higher
# *utilisation*?


# %% tags=["claim-33"] figure="utilisation 100 %"
def utilisation(kernels: list[tuple[float, float, int]], seconds: float) -> float:
    """nvidia-smi's definition: the share of time in which one or more kernels (start, end, units) ran."""
    busy, until = 0.0, 0.0
    for start, end, _ in sorted(kernels):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy / seconds


UNITS = 132
programs = {
    "one unit, all the time": [(n / 10, (n + 1) / 10, 1) for n in range(10)],
    "all units, half of the time": [(n / 10, n / 10 + 0.05, UNITS) for n in range(10)],
}
for name, kernels in programs.items():
    work = sum((end - start) * units for start, end, units in kernels) / UNITS
    line = f"{name}: utilisation {utilisation(kernels, 1.0):.0%}, {work:.1%} of the chip's work"
    print(line.replace("%", " %"))

# %% [markdown]
# > **Correction.** The guide: `nvidia-smi` shows how the GPU is used. By its definition, "utilisation" is **the
# > share of time in which some kernel ran**, however small. 100 % can be 0.8 % of the chip. A low number does prove
# > that the GPU waits, most often for data; a high number proves nothing. (The definition is NVIDIA's, and the
# > programs are drawn on paper: there was no GPU to measure on.)
#
# It is the same with processors. **Question:** two functions, each keeps a core busy. Does it matter which?

# %% tags=["nbval-ignore-output"] reason="timing, and whether there is a GPU"
big = clinic.big_photos(files[:6], Path(scratch.name))  # as large as a camera makes them


def busy(work: Callable[[Path], object]) -> str:
    begin = time.process_time()
    for file in big:
        work(file)
    return f"{len(big) / (time.process_time() - begin):4.0f} photos in one second of a busy core"


print("Stamps:      ", busy(lambda file: clinic.Stamps([file])[0]))
print("clinic.stamp:", busy(clinic.stamp))
if shutil.which("nvidia-smi"):
    query = "--query-gpu=name,utilization.gpu,memory.used,memory.total"
    print(subprocess.run(["nvidia-smi", query, "--format=csv"], capture_output=True, text=True).stdout)
else:
    print("no nvidia-smi on this machine: no GPU of NVIDIA's, or no driver")
if torch.accelerator.is_available():
    print(f"tensors on the accelerator: {torch.accelerator.memory_allocated() / 1e6:,.0f} MB")

# %% [markdown]
# **What happened.** In both cases the system shows 100 %; one delivers about twice as much. **Busy is not fast.**
# Count what comes out: photos a second. (Why the first is slow: patient 1 of the clinic.)
#
# ## 7. One item, step by step
#
# **Question.** What would the pipeline gain if decoding cost *nothing*? If it takes the share *s* of the time, the
# rest remains, and the gain is at most 1 / (1 − *s*): [**Amdahl's law**](pages/glossary.ipynb#Amdahl's-law). Here are
# the shares, each the median over photos and repeats, and for two of them the proof.

# %% tags=["nbval-ignore-output"] reason="timing: shares depend on the machine"
steps = {"read and decode": folder.loader} | {type(step).__name__: step for step in pipeline.transforms}
times = {name: [] for name in steps}


def seconds(names: list[str], thing: object) -> float:
    """Processor time of these steps for one photo; each notes its own. Other programs do not count."""
    for name in names:
        begin = time.process_time()
        thing = steps[name](thing)
        times[name].append(time.process_time() - begin)
    return sum(times[name][-1] for name in names)


for file in files[:16] * repeats:
    seconds(list(steps), file)
share = pd.Series({name: float(np.median(found)) for name, found in times.items()})
share /= share.sum()
table = pd.DataFrame({"share": share, "gain if it were free": 1 / (1 - share)})
decoded = {file: folder.loader(file) for file in files[:16]}
for name, ready in {"read and decode": decoded, "ColorJitter": {}}.items():
    rest = [other for other in steps if other != name]
    gains = [seconds(list(steps), f) / seconds(rest, ready.get(f, f)) for f in files[:16] * repeats]
    table.loc[name, "measured without it"] = np.median(gains)
print(table.round(2).to_string(na_rep=""))
predict("10c.p1").reveal(round(100 * share["read and decode"]))

# %% [markdown]
# **What happened.** Amdahl's number and the measurement agree. All the effort on faster decoding would bring
# little *here*; an hour on the colour jitter brings more. After it the shares change: **measure, change one thing,
# measure again**. Chapter 10d goes down this ladder.
#
# ## 8. Ceilings
#
# **Question.** Is it the loading or the step? You need no profiler for this. Take away one of the two and time the
# other: *loading only* (iterate, no step), *step only* (the same batch again and again). One after the
# other, their times add up. With perfect overlap the slower one is the **ceiling**.


# %% tags=["nbval-ignore-output"] reason="timing: rates depend on the machine"
def rate(work: Callable[[], object], items: int = photos) -> float:
    """Photos a second."""
    begin = time.perf_counter()
    work()
    return items / (time.perf_counter() - begin)


batch = next(iter(DataLoader(dataset, batch_size)))
load, step = (
    rate(lambda: only_load(0)),
    rate(lambda: [train_step(*batch) for _ in range(photos // batch_size)]),
)
together = 1 / (1 / load + 1 / step)
print(f"loading only {load:5.0f} photos/s")
print(f"step only    {step:5.0f} photos/s")
print(f"one after the other: worked out {together:.0f}, measured {rate(lambda: run(0)):.0f}")
print(f"with two workers, their start included: measured {rate(lambda: run(2)):.0f}")

# %% [markdown]
# **What happened.** Now you know on which side to work:
#
# | you see | it is | do |
# |---|---|---|
# | both together ≈ step only | the step | smaller model, [AMP](pages/glossary.ipynb#AMP), compile, larger batch; leave the loader alone |
# | both together ≈ loading only | the loading | sections 2 to 7: find its dearest part |
# | well below both, 0 workers | one after the other | workers, so that they overlap |
# | well below both, with workers | start-up, transfer, too few cores | trace it |
# | everything slow, processor idle | storage, or a lock | look at waiting, not at computing |
#
# ## 9. The clinic
#
# Six patients. Each delivers the right pixels, and each is slow for **one** reason. You get its code, and the same
# signs for each: what is on top of cProfile, how many calls and opened files an item costs, how many bytes a pixel
# weighs. **Counts do not depend on the machine**: they often find the cause where seconds only complain. Name the
# cause before you read the exercise. The cure is yours to write: replace the three dots and run the cell.
# `hint("10c.1")` helps, each call a little more; `solution("10c.1")` shows an answer.

# %%
import inspect

names = [file.relative_to(root).as_posix() for file in files[:32]]
listed = (Path(name).relative_to(root).as_posix() for name, _ in folder.samples[:2000])
every = sorted({*names, *listed})
every *= max(1, 2000 // len(every))  # a small folder counts several times
clinic.label_file(every, labels := Path(scratch.name, "labels.csv"))
chance = random.Random(seed)
notes = [{"file": name, "box": (0, 0, n, n)} for name in every for n in range(1, 11)]
chance.shuffle(notes)
pixels = torch.stack([clinic.stamp(file, size) for file in files[:32]])
print(f"{len(every):,} labels in a file, {len(notes):,} boxes, {len(pixels)} photos in memory")


def signs(patient: Dataset) -> None:
    """What one pass over `patient` costs, in counts."""
    table = profiled(lambda: list(DataLoader(patient, 8, collate_fn=list)), time.process_time)
    calls = table.set_index("function")["calls"] / len(patient)
    item = patient[0] if isinstance(patient[0], torch.Tensor) else patient[0][0]
    opened = calls[calls.index.str.fullmatch("_?io.open")].sum()
    print(f"top of cProfile: {calls.index[0]}, calls an item: {calls.iloc[0]:,.0f}")
    print(f"files opened an item: {opened:.0f}, bytes a pixel: {item.itemsize}")


# %% [markdown]
# ### Patient 1: "the photos come from a camera"
#
# Large photos, as in the last cell of section 6, for a model that takes 64 × 64 pixels. **Question:** what is out of
# proportion here? (A decoder is called in pieces, so do not mind *how many* calls it has.)

# %%
print(inspect.getsource(clinic.Stamps.__getitem__))
signs(clinic.Stamps(big))
print(f"a file of {big[0].stat().st_size / 1e6:.1f} MB becomes a tensor of {3 * 64 * 64 / 1e6:.2f} MB")


# %% tags=["exercise"]
@exercise("10c.1")
def load_square(path, edge: int) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% [markdown]
# ### Patient 2: "since we have labels, it is slow"
#
# The labels of all photos are in one CSV file. **Question:** one item, one label. Where do so many calls for one item
# come from, and how many files should an item open?

# %%
print(inspect.getsource(clinic.Labelled.label_of), inspect.getsource(clinic.Labelled.__getitem__), sep="\n")
signs(clinic.Labelled(root, names, labels))


# %% tags=["exercise"]
@exercise("10c.2")
class LabelledOnce(Dataset):
    def __init__(self, files: list[str], read_labels: Callable[[], dict[str, str]]) -> None:
        # your code instead of the three dots, here and below
        ...

    def __len__(self) -> int:
        # how many?
        ...

    def __getitem__(self, i: int) -> tuple[str, str]:
        # which one?
        ...


# %% [markdown]
# ### Patient 3: "it was quick on the small data set"
#
# Boxes for object detection, kept as one long list of notes. We ask twice: with a quarter of the notes, and with all.
# **Question:** the signs are the same both times: one call an item. Then what is it that grows? A count of calls says
# nothing about what happens *inside* a call, so read the loop.

# %%
print(inspect.getsource(clinic.Boxed.boxes_of))
for part in (notes[: len(notes) // 4], notes):
    print(f"--- {len(part):,} notes, {len(part) * len(names):,} comparisons for {len(names)} photos")
    signs(clinic.Boxed(root, names, part))


# %% tags=["exercise"]
@exercise("10c.3")
def boxes_by_file(notes: list[dict], files: list[str]) -> dict[str, list[tuple]]:
    # your code instead of the three dots
    ...


# %% [markdown]
# ### Patient 4: "with workers it got slower"
#
# Short epochs, many of them. Each item is signed by the process that read it. **Question:** how many processes would
# you expect to take part?

# %%
print(inspect.getsource(clinic.batches_of))
signed = clinic.batches_of(clinic.Signed(files[:32]), epochs=3, batch_size=8, **two)
processes = [{int(pid) for pid in pids} for _, pids in signed]
print(f"3 epochs of 4 batches, 2 workers: {len(set.union(*processes))} processes took part")


# %% tags=["exercise"]
@exercise("10c.4")
def run_epochs(make_loader: Callable, step: Callable, epochs: int) -> None:
    # your code instead of the three dots
    ...


# %% [markdown]
# ### Patient 5: "everything is in memory, and it still crawls"
#
# No file, no decoding: the photos lie in memory as uint8, and two workers prepare them. What a worker makes has to
# get to the training process. **Question:** compare the last two numbers. Which part of them is new information?

# %%
print(inspect.getsource(clinic.Normalised.__getitem__))
normalised = clinic.Normalised(pixels, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
signs(normalised)
sent = sum(batch.nbytes for batch in DataLoader(normalised, 8, **two))
print(f"in memory: {pixels.nbytes / 1e6:.1f} MB; sent by the workers in an epoch: {sent / 1e6:.1f} MB")


# %% tags=["exercise"]
@exercise("10c.5")
class LightParcels(Dataset):
    def __init__(self, photos: torch.Tensor, mean: tuple, std: tuple) -> None:
        # your code instead of the three dots, here and below
        ...

    def __len__(self) -> int:
        # how many?
        ...

    def __getitem__(self, i: int) -> torch.Tensor:
        # what travels?
        ...

    def finish(self, batch: torch.Tensor) -> torch.Tensor:
        # what the step gets
        ...


# %% [markdown]
# ### Patient 6: "the longer it runs, the slower it gets"
#
# The loader is innocent here. A training loop keeps the mean colour of all photos so far. `torch.profiler` says how
# much memory each call of `aten::cat` takes. **Question:** four photos come in each step. What does step 1,000 cost?

# %%
print(inspect.getsource(clinic.ChannelMean.update))
mean = clinic.ChannelMean()
with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
    for batch in pixels.split(4):
        mean.update(batch)
taken = [event.cpu_memory_usage / 1e6 for event in profiler.events() if event.name == "aten::cat"]
print("MB that aten::cat takes, step by step:", ", ".join(f"{mb:.1f}" for mb in taken))


# %% tags=["exercise"]
@exercise("10c.6")
class RunningMean:
    def __init__(self) -> None:
        # your code instead of the three dots, here and below
        ...

    def update(self, photos: torch.Tensor) -> torch.Tensor:
        # the mean so far
        ...


# %% [markdown]
# <details><summary><b>The six diagnoses</b>, when you have named your own</summary>
#
# | patient | cause | count before | after the cure |
# |---|---|---|---|
# | 1 Stamps | decodes all pixels, keeps 4,096 | 3 million pixels a photo | 1/64 of them |
# | 2 Labelled | reads the whole label file for each photo | 2,000 rows, 2 opened files an item | no row, 1 file |
# | 3 Boxed | searches all notes for each photo | 20,000 comparisons an item | 1 look-up |
# | 4 batches_of | a new loader, so new workers, for each epoch | 6 processes | 2 |
# | 5 Normalised | float32 travels | 4 bytes a pixel | 1 |
# | 6 ChannelMean | keeps all photos, copies them at each step | 19.3 MB in step 8, 2.4 GB in step 1,000 | a sum and a count |
#
# Run `signs(...)` on your own class, or count in the same way: that is the proof of a cure.
# </details>
#
# ## 10. The lab: a seventh patient
#
# `clinic.Archive` reads photos out of one zip file. The lab runs it with your settings, in a process of its own. One
# run is made for you with no workers, one with two.

# %% tags=["lab", "nbval-ignore-output"] reason="timing: the picture of a run is another one each time"
from zipfile import ZipFile

with ZipFile(archive := Path(scratch.name, "photos.zip"), "w", strict_timestamps=False) as zipped:
    for file in files:
        zipped.write(file, file.relative_to(root).as_posix())
lab = LoaderLab(clinic.Archive(archive), batch_size=8, seconds=2, step_seconds=0.005)
lab.run(num_workers=0)
lab.run(num_workers=2)
lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. Compare 0, 1 and 2 workers. What does the second worker bring? With two, some fetches in the timeline are many
#    times as long as others. What does the *other* worker do meanwhile?
# 2. `lab.result.summary.table()` has a row *storage*: time in which a fetch waited, off the processor. Without
#    workers it is next to nothing. All photos are in the system's memory by now: so what do two workers wait for?
#    `print(inspect.getsource(clinic.Archive))` has the answer.
# 3. Raise *training step*. From which step on does the fault of this loader no longer matter?
#
# ## One more exercise
#
# Section 7 divided by what is left of the time when a part costs *nothing*. Most parts only become cheaper.


# %% tags=["exercise"]
@exercise("10c.7")
def whole_gain(share: float, faster: float) -> float:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Put the letter of your answer behind the name: `quiz("10c.q1", "a")`.

# %%
quiz("10c.q1")

# %%
quiz("10c.q2")

# %%
quiz("10c.q3")

# %%
quiz("10c.q4")

# %%
quiz("10c.q5")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | Changing before measuring | a week of work, 3 % | shares first, then Amdahl |
# | cProfile or torch.profiler with workers | `poll`, or only `__next__` | `num_workers=0`, a trace, py-spy |
# | Profiling the first step | start-up, compiling, cold caches | wait, warm up, then record |
# | Adding up RSS | memory seems full | PSS for the sum, USS for one more |
# | `tracemalloc` for tensors | 0 MB | `profile_memory=True` |
# | "The GPU is at 100 %" | and nothing is fast | count what comes out |
# | One timing | the machine was busy | medians, ratios in one run, counts |
# | A clock around work on a GPU | it takes no time at all | `torch.accelerator.synchronize()` before you look |
# | Work in `__getitem__` that never changes | opened files, calls an item | do it in `__init__` |
# | A search in `__getitem__` | slower with more data | a dictionary, made once |
#
# ## Summary
#
# - Ceilings first: loading only, step only. Then look inside the slower side.
# - A profiler sees one process. A trace, or py-spy, reaches the workers.
# - Utilisation is a share of time. Busy is not fast. RSS is not what a process costs.
# - Amdahl's law says what a change can bring, before you make it.
# - Counts (calls, opens, bytes, processes) find most causes, and prove the cure on any machine.
#
# ## Next
#
# [Chapter 10d, The speed ladder](10d_speed_ladder.ipynb): from the guide's own code to the machine's limit.
