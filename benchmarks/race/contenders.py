"""Who takes part: the guide's code, the limits, the peers (what may differ, how to get them)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.util import find_spec

from benchmarks.race.check import Tolerance
from benchmarks.race.contract import RaceError
from benchmarks.race.training import Likeness

# Measured on the sample photos, worst image: pixel and shift in levels of 8 bits.
EXACT = Tolerance(pixel=0.01, shift=0.01)  # PIL's resize as in the guide: 0 and 0
TENSOR = Tolerance(pixel=0.35, shift=0.1)  # torchvision's antialiased resize of uint8: 0.20 and 0.00
DALI = Tolerance(pixel=0.35, shift=0.1)  # DALI's resize with a triangular filter: 0.19 and 0.04
FFMPEG = Tolerance(pixel=2.0, shift=0.8)  # swscale's bilinear, YCbCr to RGB in its own way: 1.57 and 0.65
# For contenders from outside. Other antialiased filters reach 2.6 and 0.1 (area), no antialiasing 2.1 and
# 0.04. Not the same any more: nearest neighbour (pixel 11.9), division by 256 (shift 1.0), ImageNet's std
# rounded to two digits (shift 3.1), one pixel to the right (pixel 16).
RESAMPLING = Tolerance(pixel=3.0, shift=0.5)
# For the training form. The guide against itself reaches 0.4 and 1.15 by chance; a step that is missing makes
# the spread 1.6 or more.
AUGMENTED = Likeness(offset=0.5, spread=1.33)
# DALI's contrast turns about the middle grey, not about the picture's mean: dark and bright ones vary more,
# measured 0.4 and 1.8; its hue turns in another colour space.
DALI_AUGMENTED = Likeness(offset=0.8, spread=2.2)


@dataclass(frozen=True)
class Contender:
    """One that takes part.

    Attributes:
        name: in the table.
        target: `module:factory`, see `contract`.
        tolerance: what its pictures may differ by from the guide's: a `Likeness` in the training form.
        any_order: its images may come in any order (its workers read shards of their own).
        requires: the module that must be installed; "" for none.
        install: the command that installs it.
    """

    name: str
    target: str
    tolerance: Tolerance | Likeness = RESAMPLING
    any_order: bool = False
    requires: str = ""
    install: str = ""

    @property
    def missing(self) -> bool:
        """Whether the module that it needs is not installed."""
        try:
            return bool(self.requires) and find_spec(self.requires) is None
        except ModuleNotFoundError:  # of the package that should hold it
            return True


HERE = "benchmarks.race"
GUIDE = Contender("guide", f"{HERE}.guide:one_process", EXACT)
DECODING = Contender("limit: decoding", f"{HERE}.limit:decoding")
COPYING = Contender("limit: copying", f"{HERE}.limit:copying")
PEERS = {
    "workers": Contender("guide, a worker a core", f"{HERE}.guide:workers", EXACT),
    "webdataset": Contender(
        "WebDataset", f"{HERE}.peers.webdataset:loader", TENSOR, any_order=True,
        requires="webdataset", install="uv pip install webdataset",
    ),
    "litdata": Contender(
        "LitData", f"{HERE}.peers.litdata:loader", TENSOR, any_order=True,
        requires="litdata", install="uv pip install litdata",
    ),
    "dali": Contender(
        "DALI, CPU", f"{HERE}.peers.dali:loader", DALI,
        requires="nvidia.dali", install="uv pip install nvidia-dali-cuda130",
    ),
    "spdl": Contender(
        "SPDL, torchvision's decoder", f"{HERE}.peers.spdl:torchvision_decoder", TENSOR,
        requires="spdl.io", install="uv pip install spdl",
    ),
    "spdl-ffmpeg": Contender(
        "SPDL, its own decoder", f"{HERE}.peers.spdl:own_decoder", FFMPEG,
        requires="spdl.io", install="uv pip install spdl; apt-get install ffmpeg",
    ),
    "datasets": Contender(
        "Hugging Face datasets", f"{HERE}.peers.datasets:loader", TENSOR,
        requires="datasets", install="uv pip install datasets",
    ),
    "ffcv": Contender(
        "FFCV, stored raw", f"{HERE}.peers.ffcv:loader", TENSOR, requires="ffcv",
        install="apt-get install g++ pkg-config libopencv-dev libturbojpeg0-dev; uv pip install ffcv",
    ),
    "nodes": Contender(
        "torchdata nodes", f"{HERE}.peers.nodes:loader", TENSOR,
        requires="torchdata.nodes", install="uv pip install torchdata",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What is asked of the loaders, and who takes part.

    Attributes:
        name: "evaluation" or "training".
        guide: the guide's own code, named as `GUIDE` in both forms.
        peers: by the name on the command line.
        tolerance: for contenders from outside.
    """

    name: str
    guide: Contender
    peers: dict[str, Contender]
    tolerance: Tolerance | Likeness


EVALUATION = Form("evaluation", GUIDE, PEERS, RESAMPLING)
TRAINING = Form(
    "training",
    Contender(GUIDE.name, f"{HERE}.guide:training", AUGMENTED),
    {
        "workers": Contender("guide, a worker a core", f"{HERE}.guide:training_workers", AUGMENTED),
        "dali": replace(PEERS["dali"], target=f"{HERE}.peers.dali:training", tolerance=DALI_AUGMENTED),
        "nodes": replace(
            PEERS["nodes"], name="torchdata nodes, v2", target=f"{HERE}.peers.nodes:training",
            tolerance=AUGMENTED,
        ),
    },
    AUGMENTED,
)  # fmt: skip


def chosen_peers(names: str, form: Form = EVALUATION) -> list[Contender]:
    """The peers of a list such as "dali,nodes"; "all" and "none" are known too.

    Raises:
        RaceError: for a name that is not known.
    """
    keys = {"all": list(form.peers), "none": []}.get(names, names.split(","))
    for key in keys:
        if key not in form.peers:
            raise RaceError(
                f"no peer of the {form.name} form is named {key!r}; give all, none, or of "
                f"{', '.join(form.peers)} with commas."
            )
    return [form.peers[key] for key in keys]


def from_outside(specs: Iterable[str], *, any_order: bool, form: Form = EVALUATION) -> list[Contender]:
    """Contenders from `module:factory` or `name=module:factory`.

    Raises:
        RaceError: two have one name.
    """
    contenders = []
    taken = {one.name for one in (GUIDE, DECODING, COPYING, *form.peers.values())}
    for spec in specs:
        name, equals, target = spec.partition("=")
        name = name if equals else spec
        if name in taken:
            raise RaceError(f"two contenders are named {name!r}; write another_name={target or spec}.")
        taken.add(name)
        contenders.append(Contender(name, target if equals else spec, form.tolerance, any_order))
    return contenders
