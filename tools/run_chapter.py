"""Run the end-to-end chapter headless: papermill's own options, into runs/<name>/.

    python tools/run_chapter.py --name cats -- -p data_dir ~/pictures -p epochs 3

The executed notebook lies beside what the chapter writes (config, metrics, checkpoint, figures).
A run that was refused at its parameters leaves nothing behind; one that was interrupted keeps its
checkpoint, and the same name takes it up again.
"""

import argparse
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from papermill.cli import papermill as papermill_cli
from papermill.exceptions import PapermillExecutionError

ROOT = Path(__file__).resolve().parent.parent
CHAPTER = ROOT / "notebooks" / "10_end_to_end.ipynb"


def run(name: str, options: list[str], runs: Path = ROOT / "runs") -> int:
    """Execute the chapter into `runs`/<name>/; the exit status: 0, 1 (failed) or 130 (interrupted)."""
    folder = runs / name
    with tempfile.TemporaryDirectory(prefix="dpwidgets-run-") as scratch:
        output = Path(scratch) / CHAPTER.name
        own = ["-p", "runs_dir", str(runs), "-p", "run_name", name]
        status = 0
        try:
            papermill_cli.main(
                args=[str(CHAPTER), str(output), *own, *options], standalone_mode=False, prog_name="make run"
            )
        except PapermillExecutionError as error:
            print(f"\n{error.ename}: {error.evalue}", file=sys.stderr)
            status = 130 if error.ename == "KeyboardInterrupt" else 1
        except KeyboardInterrupt:
            status = 130
        record = folder / CHAPTER.name
        # A run that failed leaves its record if the chapter got as far as to write, but in no other's place.
        if output.is_file() and (status == 0 or (folder.is_dir() and not record.exists())):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(output, record)
        if status == 130 and folder.is_dir():
            print(
                f'\nInterrupted. Go on with: make run RUN={name} ARGS="{shlex.join(options)}"',
                file=sys.stderr,
            )
        if status == 0:
            print(f"\nDone: {folder.relative_to(runs.parent)}")
    return status


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--name", required=True, help="the folder under runs/")
    parser.add_argument("options", nargs="*", help="papermill options, after --")
    args = parser.parse_args()
    if Path(args.name).name != args.name or args.name in (".", ".."):
        parser.error(f"--name {args.name!r} is no plain folder name")
    return run(args.name, args.options)


if __name__ == "__main__":
    raise SystemExit(main())
