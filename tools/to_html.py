"""Write the chapters as plain web pages into build/html/: to read without Jupyter, without a kernel, offline.

    python tools/to_html.py          every chapter, and the pages that they link to
    python tools/to_html.py 05 10    these, and the pages

`jupyter nbconvert --to html` shows the same pictures. It lacks their text for screen readers, links that can
be told from other text without colour, links from page to page; and it asks a server for scripts that only
live widgets need.
"""

import html
import re
import sys

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from chapters import NOTEBOOKS, ROOT, Chapter, ChapterError, find_chapters, read_notebook

PAGES = ROOT / "build" / "html"
_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>.jp-RenderedHTMLCommon a:any-link { text-decoration: underline; }</style>
{%- endblock -%}
{%- block data_widget_view -%}{%- endblock -%}
{%- block data_png -%}{{ super() | described(output, 'image/png') }}{%- endblock -%}
{%- block data_jpg -%}{{ super() | described(output, 'image/jpeg') }}{%- endblock -%}
"""


def page(chapter: Chapter) -> str:
    """The chapter as one HTML page that asks for nothing from outside.

    Raises:
        ChapterError: the notebook is missing or is none.
    """
    exporter = HTMLExporter(raw_template=_TEMPLATE)
    exporter.register_filter("described", _described)
    resources = {"metadata": {"name": chapter.name}}
    body, _ = exporter.from_notebook_node(read_notebook(chapter), resources)
    return re.sub(r'(<a href="(?:\.\./|pages/)?\w+)\.ipynb(?=["#])', r"\1.html", body)


def _described(block: str, output: NotebookNode, kind: str) -> str:
    """The picture's HTML with the text that the output's metadata holds."""
    text = output.get("metadata", {}).get(kind, {}).get("alt", "")
    return block.replace("<img ", f'<img alt="{html.escape(text)}" ', 1)


def main(numbers: list[str]) -> int:
    PAGES.mkdir(parents=True, exist_ok=True)
    try:
        beside = [Chapter(path.stem, path.parent) for path in sorted((NOTEBOOKS / "pages").glob("*.ipynb"))]
        for chapter in [*find_chapters(numbers), *beside]:
            file = PAGES / chapter.home.relative_to(NOTEBOOKS) / f"{chapter.name}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page(chapter), encoding="utf-8")
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.1f} MB")
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
