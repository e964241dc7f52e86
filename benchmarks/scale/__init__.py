"""Does the cost of loading grow in proportion to the images, and is its memory bounded by a setting?

`python -m benchmarks.scale` makes folders of tiles (`tiles`), goes through them with loaders (`loaders`),
each in a process of its own under a limit of memory (`memory`, `measure`), and prints a table (`report`).
"""
