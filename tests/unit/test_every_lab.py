"""Every lab is alive: its sliders change what it shows, no callback raises, its code can be copied and run.

That the proof notices a lab that is broken is shown in tests/notebooks/mutants.
"""

import pytest

from lab_proof import faults, labs, made


@pytest.mark.parametrize("name", labs())
def test_lab_is_proven(name: str) -> None:
    assert faults(made(name)) == []
