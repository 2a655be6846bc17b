"""The book's theme, and what stands beside its pages: Markdown, sitemap, offline copy.

- website/theme holds the templates, the style and the scripts; pages carry their style inside,
  so that the first paint waits for one file;
- each page has a .md beside it, and llms.txt lists them, for readers who use an assistant;
- sw.js keeps the whole book in the reader's browser after the first visit.
"""

import base64
import hashlib
import json
import re
from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

from ce_lib import widgets
from ce_site import as_markdown, practice
from ce_site.book import tree_of

HERE = Path(__file__).resolve().parent
# Runs before the first paint: the reader's choice of light or dark, and that scripts are allowed.
EARLY = (
    "document.documentElement.classList.add('scripted');"
    "try{const t=localStorage.getItem('ce-book:theme');"
    "if(t==='dark'||t==='light')document.documentElement.dataset.theme=t}catch{}"
)
_HASH = base64.b64encode(hashlib.sha256(EARLY.encode()).digest()).decode()
CSP = (
    f"default-src 'self'; script-src 'self' 'sha256-{_HASH}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'"
)
SUMMARY = "Multi-class cross-entropy and softmax: an executable textbook whose numbers are checked."


def edition(root):
    """The newest entry of CHANGELOG.md: version and date, which are the book's edition."""
    text = (Path(root) / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    if not found:
        raise ExtensionError("CHANGELOG.md has no entry like `## [1.2.3] - 2026-11-24`")
    return found[1], date.fromisoformat(found[2])


def minified(css):
    """Style text without comments and needless space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()


def describe(tree):
    """A page's first words, for search engines and link previews."""
    text = next((p.astext() for p in tree.findall(nodes.paragraph)), "") if tree else ""
    text = re.sub(r"\s+", " ", text)
    return escape(text if len(text) < 180 else text[:177].rsplit(" ", 1)[0] + " …")


def count(app, env):
    """How many sections and questions each chapter has, for the reader's progress."""
    app.totals = {}
    for doc in sorted(env.found_docs):
        if doc.startswith("chapters/"):
            page = tree_of(env, doc)
            (title,) = (node for node in page.children if isinstance(node, nodes.section))
            sections = [
                node["ids"][0] for node in title.children if isinstance(node, nodes.section)
            ]
            quizzes = "".join(node.astext() for node in page.findall(nodes.raw))
            questions = re.findall(r'data-question="([\w-]+)"', quizzes)
            solvable = re.findall(r'id="(exercise-\d+)"', quizzes)
            app.totals[doc] = {
                "sections": sections,
                "questions": questions,
                "practice": [f"{doc}#{exercise}" for exercise in solvable],
            }
    for chapter, name in practice.names(app.srcdir).items():
        asked = practice.variants(name)[0][0].questions
        app.totals[f"chapters/{chapter}"]["practice"] += [f"{name}#{q.id}" for q in asked]


def titled(env, doc, section):
    """A section's title with its number, where it has one."""
    top = not isinstance(section.parent, nodes.section)
    number = env.toc_secnumbers.get(doc, {}).get("" if top else f"#{section['ids'][0]}", ())
    return f"{'.'.join(map(str, number))} {section.next_node(nodes.title).astext()}".strip()


def contents(env, page, address):
    """The book's contents as HTML lists, the current page's sections below its title.

    address : function of a page's name, to its address from here.
    """
    parts = []
    for part in tree_of(env, env.config.root_doc).findall(addnodes.toctree):
        items = []
        for _, doc in part["entries"]:
            number = ".".join(map(str, env.toc_secnumbers.get(doc, {}).get("", ())))
            title = f"{number} {env.titles[doc].astext()}".strip()
            below = ""
            if doc == page:
                whole = tree_of(env, doc).next_node(nodes.section)
                sections = [n for n in whole.children if isinstance(n, nodes.section)]
                links = (
                    f'<li class="toctree-l2"><a href="#{section["ids"][0]}">'
                    f"{escape(titled(env, doc, section))}</a></li>"
                    for section in sections
                )
                below = f"<ul>{''.join(links)}</ul>" if sections else ""
            current = ' class="toctree-l1 current"' if doc == page else ' class="toctree-l1"'
            here = ' aria-current="page"' if doc == page else ""
            link = f'<a href="{address(doc)}"{here}>{escape(title)}</a>'
            items.append(f"<li{current}>{link}{below}</li>")
        caption = f'<p class="caption">{escape(part["caption"])}</p>' if part["caption"] else ""
        parts.append(f"{caption}<ul>{''.join(items)}</ul>")
    return "".join(parts)


def page_context(app, page, template, context, tree):
    """What the templates use besides Sphinx's own."""
    home = context["content_root"]
    if page == "404":  # it is shown at any depth
        home = urlsplit(app.config.html_baseurl).path
    book = (HERE.parent / "theme/static/book.css").read_text("utf-8")
    style = minified(book + widgets.Widget._css)
    title = re.sub("<.*?>", "", context.get("title", ""))
    body = quote(
        f"Page: {page}\nSection:\n\nWhat is wrong, and what should stand there instead?\n\n"
    )
    source = Path(app.env.doc2path(page)).relative_to(app.srcdir).as_posix() if tree else ""
    version, day = edition(app.srcdir)
    context.update(
        home=home,
        contents=contents(app.env, page, lambda doc: "#" if doc == page else f"{home}{doc}.html"),
        author=app.config.author,
        version=version,
        day=day,
        csp=escape(CSP, quote=True),
        early=EARLY,
        style=style + app.maths_style.replace("FONTS", f"{home}_static/fonts"),
        description=SUMMARY if page == app.config.root_doc else describe(tree) or SUMMARY,
        totals=escape(json.dumps(app.totals)),
        source=escape(f"{app.repository}/blob/{app.branch}/{source}"),
        report=escape(
            f"{app.repository}/issues/new?title={quote('Wrong in: ' + title)}&body={body}"
        ),
        markdown=page.rpartition("/")[2] + ".md" if tree else None,
    )


def use_theme(app, config):
    """Keep the repository's address; the rest of Jupyter Book's options are for its own theme."""
    options, config.html_theme_options = config.html_theme_options, {}
    app.repository, app.branch = options["repository_url"], options["repository_branch"]


def write_beside(app, error):
    """Markdown of each page, llms.txt, sitemap.xml; then drop what no page asks for."""
    if error or app.builder.name != "html":
        return
    out, base = Path(app.outdir), app.config.html_baseurl
    listed = []
    for doc in [app.config.root_doc, *_in_order(app.env)]:
        text = as_markdown.page(app.env.doc2path(doc), app.env)
        (out / f"{doc}.md").write_text(text, encoding="utf-8")
        listed.append(f"- [{app.env.titles[doc].astext()}]({base}{doc}.md)")
    head = f"# {app.config.html_title}\n\n> {SUMMARY}\n\n## Pages\n\n"
    (out / "llms.txt").write_text(head + "\n".join(listed) + "\n", encoding="utf-8")
    urls = "".join(f"<url><loc>{base}{doc}.html</loc></url>" for doc in sorted(app.env.found_docs))
    xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"
    (out / "sitemap.xml").write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{xmlns}">{urls}</urlset>\n'
    )
    (out / "_static" / "widgets").mkdir(exist_ok=True)
    for name in [*widgets.FIGURES, "quiz"]:
        (out / f"_static/widgets/{name}.js").write_text(widgets.source(name), encoding="utf-8")
    (out / "_static/widgets/digits.json").write_text(json.dumps(widgets.pictures()))
    (out / ".nojekyll").touch()  # else GitHub Pages leaves out _static
    pages = (page for page in out.rglob("*.html") if page.relative_to(out).parts[0] != "lite")
    used = "".join(page.read_text(encoding="utf-8") for page in pages)
    for file in (out / "_static").iterdir():
        if file.is_file() and f"_static/{file.name}" not in used:
            file.unlink()


def _in_order(env):
    """The pages as the contents list them."""
    return [doc for doc in env.toctree_includes.get(env.config.root_doc, []) if doc in env.titles]


def write_worker(app, error):
    """The service worker, which knows every file of this edition by name and content."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    aside = re.compile(
        r"lite/.*|\.buildinfo|\.nojekyll|objects\.inv|sw\.js|.*\.(?:ipynb|md|txt|xml|png)"
    )
    files = sorted(
        file
        for path in out.rglob("*")
        if path.is_file() and not aside.fullmatch(file := path.relative_to(out).as_posix())
    )
    edition = hashlib.sha256(b"".join((out / file).read_bytes() for file in files)).hexdigest()[:16]
    worker = (HERE / "sw.js").read_text(encoding="utf-8")
    worker = worker.replace('"EDITION"', json.dumps(edition))
    worker = worker.replace('"HOME"', json.dumps(urlsplit(app.config.html_baseurl).path))
    (out / "sw.js").write_text(worker.replace('"FILES"', json.dumps(files)), encoding="utf-8")


def open_to_all(app, error):
    """Let a server of another user read the site, whatever this user's umask is."""
    if not error and app.builder.name == "html":
        out = Path(app.outdir)
        for path in [out, *out.rglob("*")]:
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))


def setup(app):
    """Register all of it with Sphinx."""
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book always sets it
    app.add_html_theme("cross_entropy", str(HERE.parent / "theme"))
    app.connect("config-inited", use_theme)
    app.connect("env-updated", lambda app, env: env.found_docs)  # every page shows the whole book
    app.connect("env-check-consistency", count)
    app.connect("html-page-context", page_context, priority=900)
    app.connect("build-finished", write_beside)
    app.connect("build-finished", write_worker, priority=900)
    app.connect("build-finished", open_to_all, priority=950)
