"""What a student wrote in the browser of whoever looks at it: formgrader's pages and the feedback.

Two filters of nbconvert's templates are exchanged. Text cells reach nbgrader's pages as they are, scripts included; and what
cells show keeps the names and classes by which formgrader finds its own boxes, and links into the Jupyter in which it runs.
"""

from __future__ import annotations

import re
from functools import lru_cache

import bleach
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from tornado import web

TAGS = {*bleach.ALLOWED_TAGS, "br", "del", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "p", "pre", "span", "sub",
        "sup", "table", "tbody", "td", "th", "thead", "tr"}
# What an attribute may say, as a whole. A picture is one that came with the notebook; a class is one of those that color code.
ATTRIBUTES = {("a", "href"): r"https?://.*|#.*", ("img", "src"): r"data:image/\w+;base64,[\w+/=\s]*", ("img", "alt"): r".*",
              ("div", "class"): r"highlight|hl-\w+|highlight hl-\w+", ("span", "class"): r"\w{1,3}"}
TABLE = '<table class="table table-condensed">'  # in nbgrader's pages, the columns of any other table touch


def harmless(html: str) -> str:
    """HTML of somebody's text, in which nothing runs, and nothing is fetched before somebody clicks on it."""
    cleaned = bleach.clean(html, tags=TAGS, protocols={"http", "https", "data"}, attributes=lambda tag, name, value: bool(
        re.fullmatch(ATTRIBUTES.get((tag, name), r"(?!)"), value, re.DOTALL)))
    return cleaned.replace("<table>", TABLE)


@pass_context
def markdown(context, source: str) -> str:
    """The filter `markdown2html` of a template."""
    return harmless(_exporter().markdown2html(context, source))


def html(element: str | bytes) -> str:
    """The filter `clean_html` of a template."""
    return harmless(without_styles(element if isinstance(element, str) else element.decode("utf-8", "replace")))


def without_styles(html: str) -> str:
    """A table of pandas brings its own style along, which would be shown as text. In a time that grows with the length only."""
    kept, at = [], 0
    while (begin := html.find("<style", at)) >= 0 and (end := html.find("</style>", begin)) >= 0:
        kept.append(html[at:begin])
        at = end + len("</style>")
    return "".join([*kept, html[at:]])


def formgrader_shows_harmlessly(base) -> None:
    """Let formgrader's pages (`base` is the module of their handlers) show with these filters, whenever its exporter was made."""

    def exporter(self):
        exporter = self.settings["nbgrader_exporter"]
        exporter.sanitize_html = True
        exporter.register_filter("markdown2html", markdown)
        exporter.register_filter("clean_html", html)
        return exporter

    base.BaseHandler.exporter = property(exporter)


def formgrader_keeps_to_its_folder(handlers) -> None:
    """Let no link, which can stand in a submission, lead formgrader into a folder: it would run the configuration in there."""
    get = handlers.FormgraderHandler.get

    def get_here(self):
        if self.get_argument("path", ""):
            raise web.HTTPError(403, "Start Jupyter in the folder of your class: formgrader is led to no other.")
        return get(self)

    handlers.FormgraderHandler.get = get_here


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    return HTMLExporter(exclude_anchor_links=True)
