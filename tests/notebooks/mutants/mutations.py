"""Every way to break the workbook, and the check that must notice each."""

from mutants.books import BOOKS
from mutants.model import Mutation
from mutants.parts import PARTS, VIEWS
from mutants.runs import RUNS
from mutants.shapes import SHAPES

MUTATIONS: tuple[Mutation, ...] = (*BOOKS, *SHAPES, *RUNS, *PARTS, *VIEWS)
