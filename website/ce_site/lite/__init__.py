"""JupyterLite beside the book: every chapter runs in the reader's browser, on Pyodide.

- lite/ of the site is JupyterLite, with the chapters and what they import;
- Pyodide comes from its CDN, or from the site itself if PYODIDE names a folder with its release;
- pyodide.js starts Python and reports how far it is, status.js tells the reader;
- worker.js and shell.py are the Python of a cell that runs on its own page.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from flit_core.buildapi import build_wheel
from jupyterlite_pyodide_kernel.constants import PYODIDE_KERNEL_NPM_NAME, PYODIDE_KERNEL_PLUGIN_ID

from ce_site import as_markdown, practice
from ce_site.book import measured

HERE = Path(__file__).resolve().parent
WHEELS = HERE.parents[1] / "wheels"  # what ce_lib's widgets need and Pyodide lacks, from PyPI
RELEASE = HERE.parents[1] / "node_modules" / "pyodide"  # its lock file, and which version it is
LABEXTENSIONS = Path(sys.prefix, "share", "jupyter", "labextensions")
EPOCH = 1735689600  # the time that packed and listed files get: 1 January 2025
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
# Loaded at once when Python starts: what the kernel asks for, and what a chapter imports.
KERNEL = ("ssl", "sqlite3", "micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi")
PAGE = ["ipython", "matplotlib", "ce-lib"]  # all that a cell on the book's own page needs
# What IPython wants for a terminal, Matplotlib for PDFs and for Pandas: a page has none of them.
UNUSED = ["prompt_toolkit", "wcwidth", "fonttools", "pytz"]
START = [*KERNEL, *PAGE]
NEEDS = {
    "ce-lib": ["numpy", "anywidget", "latex2mathml"],
    "anywidget": ["ipywidgets", "psygnal", "typing-extensions"],
    "ipywidgets": ["comm", "ipython", "traitlets"],
    "pyodide-kernel": ["comm", "ipykernel", "ipython", "traitlets"],
}

# Left out: the service worker, which only serves files to Python and would meet the book's own,
# and what leads to pages that are not built.
WITHOUT = (
    "@jupyterlite/application-extension:service-worker-manager",
    "@jupyterlite/notebook-application-extension:logo",
    "@jupyter-notebook/application-extension:pages",
    "@jupyter-notebook/notebook-extension:open-tree-tab",
)


def cdn():
    """The address of Pyodide's release, ending in a slash."""
    release = json.loads((RELEASE / "package.json").read_text(encoding="utf-8"))["version"]
    return f"https://cdn.jsdelivr.net/pyodide/v{release}/full/"


def release_lock():
    """The release's own lock file."""
    return json.loads((RELEASE / "pyodide-lock.json").read_text(encoding="utf-8"))


def canonical(name):
    """A package's name as a lock file lists it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(packages, names):
    """The packages of a lock file that these names need, with themselves."""
    found, left = set(), list(names)
    while left:
        name = canonical(left.pop())
        if name not in found:
            found.add(name)
            left += packages[name]["depends"]
    return found


def entry(wheel):
    """A wheel's entry in Pyodide's lock file, and its name there."""
    name, number = wheel.name.split("-")[:2]
    key = canonical(name)
    return key, {
        "name": key,
        "version": number,
        "file_name": f"./{wheel.name}",
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": [name],
        "depends": NEEDS.get(key, []),
    }


def stage_python(root, folder, pyodide):
    """Fill a folder with what Python needs to start besides Pyodide's release, or all of it.

    root : the project, whose ce_lib is packed; pyodide : None, or a folder with a release.
    Raises FileNotFoundError or ValueError naming a file that is missing or not the release's.
    """
    folder.mkdir(parents=True)
    lock = release_lock()
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(EPOCH))  # the same wheel on every build
    with contextlib.chdir(root):  # as PEP 517 has it
        build_wheel(str(folder))
    kernel = LABEXTENSIONS / PYODIDE_KERNEL_NPM_NAME / "static" / "pypi"
    for wheel in [*WHEELS.glob("*.whl"), *kernel.glob("*.whl")]:
        if not wheel.name.startswith(("jupyterlab_", "widgetsnbextension")):
            shutil.copy(wheel, folder)
    lock["packages"] |= dict(map(entry, sorted(folder.glob("*.whl"))))
    if pyodide:
        needed = closure(lock["packages"], START)
        lock["packages"] = {name: lock["packages"][name] for name in sorted(needed)}
        copy_release(lock["packages"], Path(pyodide), folder)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    script = (HERE / "pyodide.js").read_text(encoding="utf-8")
    script = script.replace("'BASE'", json.dumps("release/" if pyodide else cdn()))
    (folder / "pyodide.js").write_text(script, encoding="utf-8")


def copy_release(packages, pyodide, folder):
    """Copy from a release what its core and these packages are; each wheel as its lock says."""
    (folder / "release").mkdir()
    hashes = {
        package["file_name"]: package["sha256"]
        for package in packages.values()
        if not package["file_name"].startswith("./")
    }
    for name in [*CORE, *hashes]:
        if not (pyodide / name).exists():
            raise FileNotFoundError(
                f"PYODIDE must name a folder with the release at {cdn()}; {pyodide} has no {name}"
            )
        shutil.copy(pyodide / name, folder / "release")
        found = hashlib.sha256((pyodide / name).read_bytes()).hexdigest()
        if found != hashes.get(name, found):
            raise ValueError(f"{pyodide / name} is not that release's: its sha256 is {found}")


def plain_links(env, out, base):
    """A function that turns the roles in a Markdown cell into links to the book's pages.

    JupyterLab's own reader of MyST knows one notebook at a time, and shows a warning for each
    reference to another page.
    """
    std, equations = env.get_domain("std"), env.get_domain("math").equations
    terms = {name.lower(): place for (kind, name), place in std.objects.items() if kind == "term"}
    works = {}
    cited = re.compile(r'href="[^"]*bibliography\.html#(id\d+)"[^>]*>([^<]+)</a>')
    for page in sorted((out / "chapters").glob("*.html")):
        works |= dict(cited.findall(page.read_text(encoding="utf-8")))
    ids = {entry.key: entry.citation_id for entry in env.get_domain("cite").citations}
    book = as_markdown.Book(env)

    def link(text, doc, anchor):
        return f"[{text}]({base}{doc}.html#{anchor})"

    def term(match):
        text, _, name = match[1].partition(" <")
        place = terms.get((name.removesuffix(">") or text).lower())
        return link(text, *place) if place else text

    def reference(match):
        role, (text, _, name) = match[1], match[2].partition(" <")
        name = (name.removesuffix(">") or text).lower()
        if role == "eq":
            doc, _ = equations[match[2]]
            number = book.number("displaymath", match[2])
            return link(f"({number})", doc, f"equation-{match[2]}")
        doc, anchor = std.anonlabels[name]
        if role == "ref":
            text = text if "<" in match[2] else std.labels[name][2]
        elif "<" not in match[2]:
            text = f"Figure {book.number('figure', anchor)}"
        else:
            text = text.replace("%s", book.sections[name])
        return link(text, doc, anchor)

    def work(match):
        found = [(works.get(ids.get(key)), ids.get(key)) for key in match[2].split(",")]
        said = "; ".join(link(text, "pages/bibliography", anchor) for text, anchor in found if text)
        return said if match[1] else f"({said})"

    def page(match):
        said = match[1] or env.titles[match[2]].astext()
        return f"[{said}]({base}{match[2]}.html{match[3] or ''})"

    def plain(text):
        text = re.sub(r"\[([^\]]*)\]\(\.\./([\w/]+)\.md(#[\w-]+)?\)", page, text)
        text = re.sub(r"\{term\}`([^`]+)`", term, text)
        text = re.sub(r"\{(eq|ref|numref)\}`([^`]+)`", reference, text)
        text = re.sub(r"\{cite(:\w+)?\}`([^`]+)`", work, text)
        text = re.sub(r"\{measured\}`([^`]+)`", lambda m: measured(book.benchmarks, m[1]), text)
        return re.sub(r"\{(?:cited|output)\}`([^`<]+?)(?: <[^`]*)?`", r"\1", text)

    return plain


def staged_sets(root):
    """The problem sets for JupyterLite, by file name, as a class gets them."""
    found = {}
    for page, name in practice.names(root).items():
        notebook = json.loads(nbformat.writes(practice.variants(name)[0][0].student()))
        notebook["metadata"]["page"] = f"practice/{page}.html"
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)"}
        found[f"{name}.ipynb"] = json.dumps(notebook)
    return found


def staged_chapters(root, plain=str, sections=None):
    """The chapters for JupyterLite, by file name: its kernel by name, their outputs to be shown.

    plain : what to do to the text of Markdown cells.
    sections : of each chapter the address and number of its sections on its page, in order; the
        cell with a section's title notes them, for the ways from the page and back.
    """
    found = {}
    for path in sorted((root / "chapters").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)"}
        known = iter(sections[path.stem] if sections else ())
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["metadata"]["trusted"] = True
            else:
                text = "".join(cell["source"])
                if sections and re.search("^## ", re.sub(r"(?s)```.*?```", "", text), re.M):
                    cell["metadata"]["section"] = next(known)
                cell["source"] = plain(text)
        if left := [*known]:
            raise ValueError(f"{path.name}: no cell has the title of {left}")
        if re.fullmatch(r"\([\w-]+\)=\s*", notebook["cells"][0]["source"]):
            del notebook["cells"][0]  # a label alone, which would show as an empty cell
        found[path.name] = json.dumps(notebook)
    return found


def stage_extension(folder):
    """The extension that tells the reader how far Python is: a module as JupyterLab loads one."""
    folder.mkdir(parents=True)
    shutil.copy(HERE / "status.js", folder)
    build = {"load": "status.js", "extension": "./extension"}
    package = {"name": "ce-book", "version": version("ce-lib"), "jupyterlab": {"_build": build}}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")


def settings(python):
    """JupyterLite's settings; `python` is the folder of Pyodide's start in the site's lite/."""
    kernel = {"pyodideUrl": f"./{python}/pyodide.js", "loadPyodideOptions": {"packages": START}}
    config = {
        "appName": "Cross-Entropy and Softmax",
        "appUrl": "..",  # lite/ itself leads to the book's front page
        "disabledExtensions": [*WITHOUT],
        "exposeAppInBrowser": True,
        "showLoadingIndicator": True,
        "litePluginSettings": {PYODIDE_KERNEL_PLUGIN_ID: kernel},
    }
    themes = {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}, themes


def build(root, out, work, pyodide=None, plain=str, sections=None):
    """Build JupyterLite with the chapters of `root` into `out`, unless nothing has changed.

    root : the project; work : a folder for what is made on the way.
    pyodide : a folder with Pyodide's release to serve it from the site, None for its CDN.
    plain, sections : as for `staged_chapters`.
    """
    inputs = [root / "pyproject.toml", RELEASE / "package.json", *HERE.glob("*.*")]
    inputs += WHEELS.glob("*.whl")
    inputs += [path for path in (root / "ce_lib").rglob("*.*") if "__pycache__" not in path.parts]
    digest = hashlib.sha256(f"{pyodide} {version('jupyterlite-core')}".encode())
    chapters, exercises = staged_chapters(root, plain, sections), staged_sets(root)
    digest.update(json.dumps([chapters, exercises]).encode())
    for path in sorted(inputs):
        digest.update(path.read_bytes())
    edition = digest.hexdigest()[:16]
    stamp = out / "edition.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == edition:
        return
    for old in (out, work):
        shutil.rmtree(old, ignore_errors=True)
    python = f"python-{edition}"
    for folder, files in (("chapters", chapters), ("practice", exercises)):
        (work / "contents" / folder).mkdir(parents=True)
        for name, text in files.items():
            (work / "contents" / folder / name).write_text(text, encoding="utf-8")
    stage_extension(work / "extension")
    config, overrides = settings(python)
    (work / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
    (work / "overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
    extensions = [LABEXTENSIONS / PYODIDE_KERNEL_NPM_NAME, LABEXTENSIONS / "anywidget"]
    extensions += [*sorted(WHEELS.glob("jupyterlab_*.whl")), work / "extension"]
    lite = {
        "apps": ["notebooks"],
        "contents": ["contents"],
        "federated_extensions": [str(path) for path in extensions],
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": str(out),
    }
    (work / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": lite}))
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(work)]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"JupyterLite was not built:\n{done.stdout}{done.stderr}")
    for listing in out.glob("api/contents/**/all.json"):  # it says when the files were written
        text = listing.read_text(encoding="utf-8")
        text = re.sub(r'("(?:created|last_modified)": ")[^"]*', r"\g<1>2025-01-01T00:00:00Z", text)
        listing.write_text(text, encoding="utf-8")
    stage_python(root, out / python, pyodide)
    stamp.write_text(edition, encoding="utf-8")


def page_worker(out):
    """The script of a page's own Python, which is that of JupyterLite's folder `out`."""
    edition = (out / "edition.txt").read_text(encoding="utf-8")
    script = (HERE / "worker.js").read_text(encoding="utf-8")
    script = script.replace("'PYTHON'", json.dumps(f"../lite/python-{edition}/"))
    shell = (HERE / "shell.py").read_text(encoding="utf-8")
    script = script.replace("'WITHOUT'", json.dumps(UNUSED))
    return script.replace("'PACKAGES'", json.dumps(PAGE)).replace("'SHELL'", json.dumps(shell))


def ways_to_run(app, page, template, context, tree):
    """What a chapter's page needs to know for its links to the places where it runs."""
    if page.startswith("chapters/"):
        address = urlsplit(app.repository)
        on_github = address.netloc == "github.com"
        context["run"] = {
            "python": "this site" if os.environ.get("PYODIDE") else urlsplit(cdn()).netloc,
            "repository": address.path.strip("/") if on_github else None,
            "branch": app.branch,
        }


def beside_the_book(app, error):
    """Build JupyterLite when the website has been built, and lay each notebook beside its page."""
    if error or app.builder.name != "html":
        return
    root, out = Path(app.srcdir), Path(app.outdir)
    for path in (root / "chapters").glob("*.ipynb"):
        shutil.copy(path, out / "chapters")
    plain = plain_links(app.env, out, app.config.html_baseurl)
    sections = {
        Path(doc).name: [
            (name, ".".join(map(str, app.env.toc_secnumbers[doc][f"#{name}"])))
            for name in total["sections"]
        ]
        for doc, total in app.totals.items()
    }
    pyodide = os.environ.get("PYODIDE") or None
    build(root, out / "lite", out.parent / "lite", pyodide, plain, sections)


def setup(app):
    """Register it with Sphinx."""
    app.connect("html-page-context", ways_to_run)
    app.connect("build-finished", beside_the_book, priority=870)
