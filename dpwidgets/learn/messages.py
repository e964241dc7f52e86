"""Every sentence that the exercise engine itself says. A second language is a second table.

What a chapter says (prompts, hints, explanations) stands in `dpwidgets/learn/chapters/chNN.py`.
"""

TEXT = {
    # words beside the icon
    "right": "Right",
    "wrong": "Not right yet",
    "error": "Error",
    "not attempted": "Not attempted",
    "answered": "Answer",
    "question": "Question",
    "hint": "Hint",
    "solution": "Solution",
    "prediction": "Prediction",
    # labels
    "label called": "Called",
    "label came out": "Came out",
    "label expected": "Expected",
    "label difference": "Difference",
    "label why": "Why",
    "label matters": "Why it matters",
    "label where": "Your line",
    "label error": "Error",
    "label task": "Task",
    "label next": "Next",
    "label answer": "One right answer",
    "label explanation": "Explanation",
    "label yours": "Your answer",
    "label predicted": "You predicted",
    "label measured": "What happened",
    # exercises
    "replace body": "Replace the body of the function and run the cell again. Stuck? Run `hint({id!r})`.",
    "try hint": "Change the code and run the cell again. Stuck? Run `hint({id!r})`.",
    "line": "line {number}: {source}",
    "line only": "line {number}",
    "signature": "The function cannot be called like this: {error}.",
    "unusable": "What came out could not be examined: {error}.",
    "too slow": "Stopped after {seconds:g} seconds. Is there a loop that never ends?",
    "exit": "{error} would have ended the program. Return a value instead.",
    # hints and solutions
    "hint 1": "the idea",
    "hint 2": "the tool",
    "hint 3": "almost the code",
    "hint next": "Run the cell again for the next hint, or `hint({id!r}, {number})`.",
    "hint last": "That was the last hint. `solution({id!r})` shows an answer and explains it.",
    "hint number": "hint({id!r}, {number!r}): there are hints 1 to {last}.",
    "id type": '{value!r} is no exercise: give its number as text, for example exercise("00.1").',
    "id unknown": "There is no {kind} {id!r}.{near}",
    "id near": " Did you mean {names}?",
    "id other kind": "{id!r} is {found}, not {kind}: write {cure}.",
    "kind exercise": "exercise",
    "kind quiz": "quiz question",
    "kind prediction": "prediction",
    "a exercise": "an exercise",
    "a quiz": "a quiz question",
    "a prediction": "a prediction",
    "not callable": "exercise({id!r}) stands above a function or a class, not above {value}.",
    # quiz
    "choose": "Run `quiz({id!r}, {example!r})` with the letter of your answer.",
    "no option": "There is no option {given}. Choose one of {letters}.",
    "try again": "Choose another letter and run the cell again.",
    # predictions
    "predict how": "Write your guess as the second value of `predict({id!r}, ...)`, then run the next cell.",
    "predict kept": "Kept. Run the next cell to see what happens.",
    "predict none": "You made no prediction this time. Next time guess first: it makes the result stick.",
    "predict exact": "Your prediction was right.",
    "predict close": "Close: your prediction is off by {off}.",
    "predict far": "Your prediction is off by {off}.",
    "predict other": "It came out differently.",
    "predict number": "The result is a number, so the prediction must be a number too.",
    # differences between what came out and what was expected
    "differs kind": "{came}, where {expected} was expected",
    "differs none": "None, where {expected} was expected: is there a `return`?",
    "differs shape": "shape {came}, where {expected} was expected",
    "differs dtype": "dtype {came}, where {expected} was expected",
    "differs values": "{count} of {total} values differ; the first is at index {where}: "
    "{came} instead of {expected}",
    "differs length": "{came} items, where {expected} were expected",
    "differs keys": "the keys are {came}, where {expected} were expected",
    "differs item": "at {where}: {inner}",
    "differs value": "{came} instead of {expected}",
    # progress
    "progress title": "Your progress",
    "progress chapter": "Chapter",
    "progress exercises": "Exercises right",
    "progress quiz": "Quiz right",
    "progress predictions": "Predictions made",
    "progress count": "{done} of {total}",
    "progress next": "Next: exercise {id}, {title}.",
    "progress all": "Every exercise is right.",
    "progress none": "There are no exercises yet.",
    "progress unsaved": "Progress cannot be saved in {folder} ({error}). The exercises work all the same; "
    "set DPWIDGETS_DATA to a folder that you may write to.",
    "progress corrupt": "The progress file could not be read. It was kept as {name}, and a new one is begun.",
    # figures
    "alt empty": 'show(fig, alt="..."): alt is empty. Say in one sentence what the figure shows, '
    "for readers who cannot see it.",
    "not a figure": "show(fig, alt=...) needs a matplotlib Figure, and this is {value}. "
    "Make one with fig, ax = plt.subplots().",
}


def say(key: str, /, **values: object) -> str:
    """The sentence for `key`, with `values` filled in. Raises KeyError where the table lacks it."""
    return TEXT[key].format(**values)
