"""Exercises, quizzes, predictions and progress: what a learner calls in a notebook cell.

    @exercise("02.3")                       # above a function or class: checks it at once, shows the outcome
    def number_of_batches(n: int, batch_size: int, drop_last: bool) -> int:
        ...

    hint("02.3")                            # the next hint: idea, tool, almost the code
    hint("02.3", 2)                         # the second hint
    solution("02.3")                        # an answer and its explanation

    quiz("02.q1")                           # the question with its options
    quiz("02.q1", "b")                      # what to think of option b

    predict("02.p1", 12)                    # a guess, kept; `...` instead of 12 is no guess
    predict("02.p1").reveal(actual)         # in a later cell: guess beside result, how far off, why

    progress()                              # what is done, chapter by chapter

    use_style()                             # matplotlib in the workbook's colours, once per notebook
    show(fig, alt="Accuracy rises ...")     # a figure as PNG with its text, closed afterwards

`hint`, `solution`, `quiz`, `predict`, `reveal` and `progress` return what they show: make each the last
line of its cell. What they ask and say stands in `dpwidgets.learn.chapters`, see there.
"""

from dpwidgets.learn.exercises import exercise, hint, solution
from dpwidgets.learn.figures import show, use_style
from dpwidgets.learn.overview import progress
from dpwidgets.learn.predictions import predict
from dpwidgets.learn.quizzes import quiz

__all__ = ["exercise", "hint", "predict", "progress", "quiz", "show", "solution", "use_style"]
