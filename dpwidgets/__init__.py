"""Labs, sample data, exercises and instruments for the data loading workbook.

Importing this package is cheap: a public name loads its module (and torch) on first use.
"""

from importlib import import_module
from typing import Any

_HOME = {
    # samples
    "samples": "dpwidgets.samples",
    # prep
    "check_parameters": "dpwidgets.prep.parameters",
    "Choice": "dpwidgets.prep.parameters",
    "Flag": "dpwidgets.prep.parameters",
    "Folder": "dpwidgets.prep.parameters",
    "Integer": "dpwidgets.prep.parameters",
    "Number": "dpwidgets.prep.parameters",
    "ParameterError": "dpwidgets.prep.parameters",
    "Text": "dpwidgets.prep.parameters",
    "AuditError": "dpwidgets.prep.audit",
    "audit_folder": "dpwidgets.prep.audit",
    "tune": "dpwidgets.prep.loading.tune",
    "TuneError": "dpwidgets.prep.loading.tune",
    "portable": "dpwidgets.prep.loading.portable",
    "trace": "dpwidgets.prep.loading.trace",
    # labs
    "BatchLab": "dpwidgets.labs.batch",
    "ImageLab": "dpwidgets.labs.image",
    "LoaderLab": "dpwidgets.labs.loader",
    "RepairLab": "dpwidgets.labs.repair",
    "TextLab": "dpwidgets.labs.text",
    "TransformLab": "dpwidgets.labs.transform",
    "TensorLab": "dpwidgets.labs.tensor",
    "OverlapLab": "dpwidgets.labs.overlap",
    "SceneLab": "dpwidgets.labs.scene",
    "ShardLab": "dpwidgets.labs.shard",
    "SplitLab": "dpwidgets.labs.split",
    # learn
    "environment_report": "dpwidgets.learn.environment",
    "exercise": "dpwidgets.learn",
    "hint": "dpwidgets.learn",
    "predict": "dpwidgets.learn",
    "progress": "dpwidgets.learn",
    "quiz": "dpwidgets.learn",
    "show": "dpwidgets.learn",
    "solution": "dpwidgets.learn",
    "use_style": "dpwidgets.learn",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dpwidgets' has no attribute {name!r}; it has {', '.join(__all__)}")
    module = import_module(_HOME[name])
    value = module if _HOME[name] == f"dpwidgets.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
