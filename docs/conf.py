"""The documentation site: `make docs` builds it into build/docs, without network, with warnings as errors.

Pages are the Markdown files of this folder. Pages of the reference are filled in from the package when they are read
(`site/generated.py`), so that they cannot fall behind it.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "site"), str(HERE.parent / "src")]

from generated import fill_page  # noqa: E402

from spingan import __version__  # noqa: E402

project = "spingan"
author = copyright = "the spingan developers"
version = release = __version__

extensions = ["myst_nb"]
exclude_patterns = ["site"]
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the outputs are stored: `make tutorials` makes them
nb_merge_streams = True
add_module_names = False
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "spingan"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
templates_path = []


def setup(app):
    """Sphinx calls it: pages of the reference are filled in before they are parsed."""
    app.connect("source-read", lambda app, page, source: fill_page(source))
