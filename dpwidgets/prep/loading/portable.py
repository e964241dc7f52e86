"""Things from a notebook cell that workers can use, however the workers are started.

Under spawn and forkserver a worker receives the dataset as a pickle, and pickle stores a class or function
as its address: `__main__.Squares`. A notebook's `__main__` is not the worker's, so the address leads nowhere:
"Can't get attribute 'Squares' on <module '__main__'>". `portable` sends the code itself, by cloudpickle.
"""

import io
import pickle
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, cast

import cloudpickle

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.loading.unpicklable import cure_for, find_unpicklable

# Python looks these up on the class, so `__getattr__` never sees them; a stand-in has those of its original.
_SPECIAL = (
    "__len__", "__getitem__", "__setitem__", "__contains__", "__iter__", "__next__", "__reversed__",
    "__enter__", "__exit__", "__add__",
)  # fmt: skip


class PortableError(ReaderError):
    """Something inside cannot be sent to another process; the message names where it is and the cure."""


def portable(thing: Any) -> Any:
    """A stand-in for `thing` that can be sent to workers under fork, spawn and forkserver.

    Args:
        thing: a dataset, a function or lambda (`collate_fn`, `worker_init_fn`), a transform, or a class.

    Returns:
        An object that behaves like `thing`: `len`, indexing, iteration, calls, attributes (also setting
        them) and `isinstance`; what `thing` lacks it lacks too. For a class: makes portable objects when
        called, so `@portable` may stand above a class; `isinstance` and subclassing work.

    Raises:
        PortableError: something inside cannot be sent (an open file, a lock, a generator).
    """
    if isinstance(thing, StandIn):
        return thing
    try:
        _write(thing, _Nowhere())
    except Exception as error:
        raise _explained(thing, error) from None
    return stand_in(PortableClass if isinstance(thing, type) else Portable, thing)


def by_value(thing: Any) -> bytes:
    """A pickle of `thing` that holds the code of what the other process could not import.

    Raises:
        PortableError: something inside cannot be sent.
    """
    file = io.BytesIO()
    try:
        _write(thing, file)
    except Exception as error:
        raise _explained(thing, error) from None
    return file.getvalue()


class StandIn:
    """Behaves as its original, and is pickled by value.

    The special methods of the original are added by `stand_in`.
    """

    __slots__ = ("__weakref__", "_original")
    _original: Any
    base: type["StandIn"]  # the class that `stand_in` was given

    def __init__(self, original: Any) -> None:
        object.__setattr__(self, "_original", original)

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # for isinstance; `type` still tells the truth
        return self._original.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_original"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._original, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._original, name)

    def __dir__(self) -> list[str]:
        return dir(self._original)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (self.base, by_value(self._original))


class Portable(StandIn):
    """The stand-in that `portable` gives."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"portable({self._original!r})"


class PortableClass(Portable):
    """A class whose objects are portable."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return portable(self._original(*args, **kwargs))

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._original)

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._original)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self._original,)


def stand_in(base: type[StandIn], original: Any, *args: Any) -> Any:
    """An object of `base` with the special methods that the original has and `base` itself lacks."""
    has = [name for name in _SPECIAL if hasattr(type(original), name)]
    if callable(original):
        has.append("__call__")
    own = {name for each in base.__mro__ for name in vars(each)}
    missing = tuple(name for name in has if name not in own)
    return _variant(cast(Any, base), missing)(original, *args)


@cache
def _variant(base: type[StandIn], names: tuple[str, ...]) -> type[StandIn]:
    methods = {name: _forwarded(name) for name in names}
    return type(base.__name__, (base,), {"__slots__": (), "base": base, **methods})


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: StandIn, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._original, name)(*args, **kwargs)

    def add(self: StandIn, other: Any) -> Any:
        return portable(self._original + other)

    return add if name == "__add__" else method


def _rebuild(base: type[StandIn], data: bytes) -> Any:
    return stand_in(base, cloudpickle.loads(data))


class _Pickler(cloudpickle.Pickler):
    """Sends the code of modules too that exist in this process alone."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.registered: list[Any] = []

    def reducer_override(self, obj: Any) -> Any:
        if issubclass(type(obj), StandIn):  # cloudpickle would take the stand-in of a function for one
            return NotImplemented
        if isinstance(obj, io.TextIOWrapper):  # cloudpickle would send the text in its place
            raise pickle.PicklingError(f"{obj.name!r} is an open file")
        if _module_of_its_own_kind(obj):
            # Beside `torch`, cloudpickle takes `self.classes` for `torch.classes`, which it cannot send.
            return import_module, (obj.__name__,)
        if isinstance(obj, type | FunctionType) and _exists_only_here(obj.__module__):
            module = sys.modules[obj.__module__]
            if module.__name__ not in cloudpickle.list_registry_pickle_by_value():
                cloudpickle.register_pickle_by_value(module)
                self.registered.append(module)
        return super().reducer_override(obj)


def _write(thing: Any, file: Any) -> None:
    pickler = _Pickler(file)
    try:
        pickler.dump(thing)
    finally:
        for module in pickler.registered:
            cloudpickle.unregister_pickle_by_value(module)


def _module_of_its_own_kind(obj: Any) -> bool:
    """A module as `import` gives it, made by a subclass of the usual type."""
    return (
        isinstance(obj, ModuleType) and type(obj) is not ModuleType and sys.modules.get(obj.__name__) is obj
    )


def _exists_only_here(name: str | None) -> bool:
    """The module is loaded here, but no import in another process would find it."""
    if name is None or name == "__main__" or name not in sys.modules:
        return False  # cloudpickle sends `__main__` by value anyway
    return not _can_be_found(name)


@cache
def _can_be_found(name: str) -> bool:
    parts = name.split(".")
    path = None
    for count in range(1, len(parts) + 1):
        found = (finder.find_spec(".".join(parts[:count]), path) for finder in sys.meta_path)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True


def _explained(thing: Any, error: Exception) -> PortableError:
    where, culprit = find_unpicklable(thing, lambda part: _write(part, _Nowhere()))
    return PortableError(f"{where} cannot be sent to a worker: {error}. {cure_for(culprit)}")


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing: to find out whether something can be written."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return memoryview(data).nbytes  # a large array comes as a PickleBuffer, which has no length
