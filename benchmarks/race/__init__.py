"""The race of loaders: any iterable of batches against the guide's own code and against its peers.

`python -m benchmarks.race module:factory` runs it; `contract` says what a factory must give, `contenders`
lists who else takes part, `check` proves that all deliver the same pictures, `training` that all augment
alike, `rounds` takes the times, `record` keeps what was measured.
"""
