"""Stop with one clear line when this Python is too old or too new for the workbook.

Runs under any Python 3, so it uses no newer syntax.
"""

import sys

if not (3, 11, 5) <= sys.version_info[:3] < (3, 14):
    sys.exit(
        "This is Python "
        + sys.version.split()[0]
        + " ("
        + sys.executable
        + "). The workbook needs 3.11 (from 3.11.5), 3.12 or 3.13: "
        + "name one with `make PYTHON=python3.12 ...`."
    )
