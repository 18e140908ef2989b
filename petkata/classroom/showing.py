"""What a student wrote in the browser of whoever looks at it: formgrader's pages and the feedback.

Filters of nbconvert's templates are exchanged. Text cells reach nbgrader's pages as they are, scripts included; and what cells
show keeps the names and classes by which formgrader finds its own boxes, and links into the Jupyter in which it runs. And each of
these filters knows texts on which it fails, or works for hours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import wraps
from html import escape

import bleach
from jinja2 import pass_context
from nbconvert.filters import ansi
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from tornado import web

from petkata.checking.limits import TimeUp, time_limit
from petkata.classroom.intake import MOST_TEXT, in_plain_words

MOST_SECONDS = 5  # of computing, for one page: ten times as long as the slowest of the lessons takes

TAGS = {*bleach.ALLOWED_TAGS, "br", "del", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "p", "pre", "span", "sub",
        "sup", "table", "tbody", "td", "th", "thead", "tr"}
# What an attribute may say, as a whole. A picture is one that came with the notebook; a class is one of those that color code.
ATTRIBUTES = {("a", "href"): r"https?://.*|#.*", ("img", "src"): r"data:image/\w+;base64,[\w+/=\s]*", ("img", "alt"): r".*",
              ("div", "class"): r"highlight|hl-\w+|highlight hl-\w+", ("span", "class"): r"\w{1,3}"}
# In nbgrader's pages, the columns of any other table touch, and any other picture is as wide as it likes.
CLASSES = {"<table>": '<table class="table table-condensed">', "<img ": '<img class="img-responsive" '}


AS_IT_IS = re.compile(r"<pre>[^<>]*</pre>")  # a text that an earlier filter could not show in its own way


def harmless(html: str) -> str:
    """HTML of somebody's text, in which nothing runs, and nothing is fetched before somebody clicks on it."""
    cleaned = bleach.clean(html, tags=TAGS, protocols={"http", "https", "data"}, attributes=lambda tag, name, value: bool(
        re.fullmatch(ATTRIBUTES.get((tag, name), r"(?!)"), value, re.DOTALL)))
    for tag, with_class in CLASSES.items():  # which nobody has written elsewhere: in texts and attributes, < is &lt;
        cleaned = cleaned.replace(tag, with_class)
    return cleaned


def in_time(show: Callable) -> Callable:
    """A filter of a template that shows a text as it is where `show`, which is given the template's context, fails at it, or
    where all on the page takes longer than MOST_SECONDS. The time that was taken is kept in the page's resources."""

    @pass_context
    @wraps(show)
    def shown(context, text: str | bytes, **options) -> str:
        resources = context.get("resources", {})
        text = text if isinstance(text, str) else text.decode("utf-8", "replace")
        taken, begin = resources.get("seconds_taken") or 0.0, time.process_time()
        try:
            if taken < MOST_SECONDS:
                with time_limit(MOST_SECONDS - taken):
                    return show(context, text, **options)
        except (Exception, TimeUp):
            pass
        finally:
            resources["seconds_taken"] = taken + time.process_time() - begin
        return text if AS_IT_IS.fullmatch(text) else f"<pre>{escape(text[:MOST_TEXT])}</pre>"

    return shown


@in_time
def markdown(context, text: str) -> str:
    """The filter `markdown2html`."""
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = Renderer(escape=False, exclude_anchor_links=True, attachments=attachments)
    return harmless(MarkdownWithMath(renderer=renderer).render(text))


class Renderer(IPythonRenderer):
    """nbconvert's, but a picture that is not there costs nothing but itself."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        try:
            return super().image(text, url, title)
        except (InvalidNotebook, StopIteration):
            return f"[{escape(text)}: this picture is missing]"


@in_time
def html(context, text: str) -> str:
    """The filter `clean_html`."""
    return harmless(without_styles(text))


@in_time
def code(context, text: str, metadata: dict | None = None) -> str:
    """The filter `highlight_code`."""
    return Highlight2HTML(pygments_lexer="ipython3")(text, metadata=metadata)


@in_time
def printed(context, text: str) -> str:
    """The filter `ansi2html`, of what a program prints for a terminal."""
    return ansi.ansi2html(text)


# nbgrader_config.json has them too.
FILTERS = {"markdown2html": markdown, "clean_html": html, "highlight_code": code, "ansi2html": printed}


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
        exporter.filters = {**exporter.filters, **FILTERS}
        for name, show in FILTERS.items():
            exporter.register_filter(name, show)
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


# In a name, what formgrader's pages would take for their own words, and what is no text.
STRANGE = re.compile(r'[<>"\\\x00-\x1f\x7f\ud800-\udfff]')


def cannot_be_shown(student: str) -> str | None:
    """Why formgrader can show nobody of this name, in a sentence; None where it can."""
    if not STRANGE.search(student):
        return None
    return f"{in_plain_words([student])[0]} was not graded, for the signs in this name. Rename the folder in submitted."


def formgrader_is_asked_for_names_only(base) -> None:
    """Let no link lead to a page of formgrader's about somebody whose name would be taken for a script in it."""
    prepare = base.BaseHandler.prepare

    def prepared(self, *arguments, **options):
        if any(STRANGE.search(part) for part in (*self.path_args, *self.path_kwargs.values()) if part):
            raise web.HTTPError(404, "There is nobody, and nothing, of this name.")
        return prepare(self, *arguments, **options)

    base.BaseHandler.prepare = prepared
