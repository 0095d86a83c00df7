"""The site: ``make site`` executes the notebooks and writes artefacts/site/, without a network.

Sphinx reads a copy of the pages (artefacts/site-source/) in which they lie as in the repository,
so that their links to each other hold; `adapt` mends the others.
"""

import json
import os
import re
import sys
from base64 import b64decode
from pathlib import Path

import nbclient.client

import geonb
import geonb_lab
import geonb_training

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests"))
from support.notebooks import WakingOutput  # noqa: E402 - how the tests execute notebooks

nbclient.client.OutputWidget = WakingOutput
REPOSITORY = "https://github.com/geonb/geonb"

project = "geonb"
author = "the geonb authors"
project_copyright = "the geonb authors; LocationNet: J. Choi and K. Li, CC BY-SA 3.0"
version = release = geonb.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["notebooks/.ipynb_checkpoints"]

# Notebooks run as a reader runs them, but each map is a picture, which needs no scripts.
os.environ["GEONB_MAP"] = "static"
os.environ["GEONB_CACHE"] = str(ROOT / "artefacts" / "site-cache" / "geonb")
os.environ["TQDM_DISABLE"] = "1"  # a page can't take back what a progress bar has written
os.environ.pop("GEONB_MODEL", None)
os.environ.pop("GOOGLE_MAPS_API_KEY", None)
nb_execution_mode = os.environ.get("GEONB_SITE_EXECUTE", "force")  # "cache" while you write
nb_execution_cache_path = str(ROOT / "artefacts" / "site-cache" / "notebooks")
nb_execution_timeout = 3600
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}  # a live map or a picker shows nothing; a map's picture follows it
nb_merge_streams = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
add_module_names = False

html_theme = "sphinx_book_theme"
html_title = "geonb"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {
    "repository_url": REPOSITORY,
    "repository_branch": "main",
    "path_to_docs": "",
    "navbar_persistent": [],  # its search; the one in the sidebar is enough
    "use_repository_button": True,
    "use_issues_button": True,
    "launch_buttons": {
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
        "notebook_interface": "jupyterlab",
    },
}

_BADGE = re.compile(r"\[!\[([^\]]*)\]\(https://[^)]*\)\](\([^)]*\))")
_NAME = re.compile(r"^from \.(\w+)\S* import \w+ as (\w+)$", re.MULTILINE)
_PAIR = re.compile(r"^:ivar (\w+), (\w+):(.*(?:\n +.*)*)", re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|attachment:|#)([^)\s#]+)")


def adapt(_app, docname, source):
    """Let a page's badges be links, and its links to what isn't on the site lead to GitHub."""
    folder = (HERE / docname).parent

    def target(match):
        path = (folder / match[1]).resolve()
        if path.exists():  # it's in the copy, so on the site
            return match[1]
        inside = os.path.relpath(path, HERE)
        if not (ROOT / inside).exists():
            raise FileNotFoundError(f"{docname} links to {match[1]}, which is nowhere")
        return f"{REPOSITORY}/blob/main/{inside}"

    text = _LINK.sub(target, _BADGE.sub(r"[\1]\2", source[0]))
    source[0] = _attachments_beside(HERE / docname, text) if '"attachments"' in text else text


def _attachments_beside(page, text):
    """Write the pictures that a notebook's text cells carry beside it: MyST shows only files."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        for name, kinds in cell.pop("attachments", {}).items():
            file = page.with_name(f"{page.name}-{name}")
            file.write_bytes(b64decode(next(iter(kinds.values()))))
            words = "".join(cell["source"])
            cell["source"] = words.replace(f"(attachment:{name})", f"({file.name})")
    return json.dumps(notebook)


def split(_app, _what, _name, _obj, _options, lines):
    """Describe two attributes that share a line (``low, high: …``) one by one."""
    lines[:] = _PAIR.sub(r":ivar \1:\3\n:ivar \2:\3", "\n".join(lines)).split("\n")


SECTIONS = {
    "Locate photos": "geonb: model predictions answers promise published preprocessing known",
    "Photos": "geonb: photos picker",
    "Maps and pictures": "geonb: maps shown",
    "Places and cells": "geonb: distances earth",
    "Models and errors": "geonb: weights errors",
    "How good is it": "geonb_lab: evaluation",
    "Many photos": "geonb_lab: many cleaning",
    "What it looked at, and where": "geonb_lab: occlusion regions heatmaps groups similarity",
    "The game": "geonb_lab: game",
    "Trips": "geonb_lab: trips",
    "Your own models": "geonb_training: head head_report own_photos fitting partitions leak mini",
}
"""The sections of the reference: which modules and packages each shows, and whose they are."""


def reference(names):
    """The page with all public names, by section."""
    page = ["# Reference", "All public names. An import loads each when you first use it."]
    for title, homes in SECTIONS.items():
        package, *folders = homes.replace(":", "").split()
        shown = [name for folder in folders for where, name in names[package] if where == folder]
        page += [f"## {title}"] if shown else []
        for name in shown:
            kind = "autofunction" if name[0].islower() else "autoclass"
            call, members = ("", "") if name[0].islower() else ("()", "\n   :members:")
            page.append(f"```{{eval-rst}}\n.. {kind}:: {package}.{name}{call}{members}\n```")
    return "\n\n".join(page) + "\n"


def public():
    """The names of each package, each with its module or folder: from the stub, if there is one."""
    stubs = {p.__name__: Path(p.__file__).with_name("__init__.pyi") for p in (geonb, geonb_lab)}
    names = {name: _NAME.findall(stub.read_text("utf-8")) for name, stub in stubs.items()}
    own = [(name, getattr(geonb_training, name)) for name in geonb_training.__all__]
    return names | {"geonb_training": [(it.__module__.split(".")[1], name) for name, it in own]}


def setup(app):
    """What Sphinx calls first."""
    (HERE / "reference.md").write_text(reference(public()), encoding="utf-8")
    app.connect("source-read", adapt)
    app.connect("autodoc-process-docstring", split, priority=600)  # after napoleon
