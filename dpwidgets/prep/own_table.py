"""The reader's own table: read from a CSV file, and looked at before it is used."""

import os

import pandas as pd

_OTHER_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # what separates values instead of commas


def read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The table in a CSV file; `~` is expanded.

    Raises:
        ValueError: naming the file and the cure: it is no UTF-8, empty, no table, or has no commas.
    """
    try:
        table = pd.read_csv(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text ({error.reason}); save it as CSV in UTF-8.") from error
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{path} is empty; give a CSV file with the names of the columns first.") from error
    except pd.errors.ParserError as error:
        told = str(error).strip()
        raise ValueError(f"{path} is no table ({told}); give each line as many values as names.") from error
    if table.shape[1] == 1:
        name = str(table.columns[0])
        if found := next((word for mark, word in _OTHER_MARKS.items() if mark in name), None):
            raise ValueError(f"{path} has {found} between its values; save it with commas between.")
    return table


def check_once(table: pd.DataFrame, name: str) -> None:
    """ValueError where the table has the column `name` more than once: which one is meant?"""
    if (table.columns == name).sum() > 1:
        raise ValueError(f"the table has two columns {name!r}; rename one.")
