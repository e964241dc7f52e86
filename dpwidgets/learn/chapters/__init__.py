'''What each chapter asks: one file `chNN.py` a chapter, holding one table named `CHAPTER`.

All that learners read stands in these files, and no code but short checks: a second language is a second
set of them. `ch00.py` is the model. A file looks like this (types and every field: `dpwidgets.learn.model`):

    """What chapter 02 asks."""

    from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

    COUNT_BATCHES = Exercise(
        id="02.3",
        title="Count the batches",
        prompt="How many batches does a loader give? ...",        # `code`, **strong**
        stub="""
    def number_of_batches(n: int, batch_size: int, drop_last: bool) -> int:
        ...
    """,
        checks=(
            Check((10, 3, True), expected=3, why="Three full batches hold 9 samples; the rest is dropped.",
                  traps=((4, "You counted the short batch, which drop_last leaves out."),)),
        ),
        hints=("the idea", "the tool", "almost the code"),
        solution="""...""",                                          # a whole definition, like the stub
        explanation="why the solution is right",
        why_it_matters="what the learner gains",
        wrong=(
            WrongAnswer("always rounds up", """def number_of_batches(...): ...""", says="short batch"),
            WrongAnswer(...),                                       # at least two
        ),
    )

    CHAPTER = Chapter(
        number="02", title="Dataset and DataLoader", exercises=(...), quizzes=(...), predictions=(...)
    )

**In the notebook.** An exercise is one cell, tagged `exercise`: the stub under `@exercise("02.3")`, that is
`Exercise.cell`. Its output is the prompt, so a heading above it is enough. `quiz("02.q1")` and
`predict("02.p1", ...)` show their question themselves. Import `exercise` and the rest in the imports cell.

**Checks.** A check calls the answer with copies of `args` and `kwargs` and compares what comes out with
`expected`: by type, shape, dtype, value (`tolerance` for floats). `why` says what a wrong value means, and
`traps` gives known wrong values a sentence of their own. Put the check that tells most first: the first
failure is the one that is shown. Two more forms:

    Check((image,), judge=is_flipped, wants="the image, mirrored left to right")
        # is_flipped(value) -> None where it is right, else the reason in a sentence
    Check(use=lambda Photos: len(Photos(["a.jpg", "b.jpg"])), shown='len(Photos(["a.jpg", "b.jpg"]))',
          expected=2, why="...")
        # for classes, for what happens to an input, for several calls

Chance is seeded before the checks and put back after them; ten seconds are the limit for all of them. Stubs
and answers are whole pieces of code: they import what they use. Functions defined in the notebook are seen by
an answer there, but not in the proof, so let the stub import what it needs.

**Quiz.** Options are lettered in order, each with its own feedback: why it is wrong, why it is right.

**Prediction.** `tolerance` is the share of the result within which a guess counts as close; `unit` stands
behind numbers.

**Proof.** `python -m dpwidgets.learn.proof 02` prints what is wrong with chapter 02, or `proven`; the tests
run it for every chapter: the untouched stub must be neutral, the checks must refuse a function that does
nothing, every wrong answer must be told its `says`, the reference must be right.
'''
