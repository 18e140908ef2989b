"""A student's text in the browser of whoever looks at it: formgrader's pages and the feedback.

nbconvert's `sanitize_html` cleans what cells show. Text cells reach nbgrader's pages as they are, scripts included: this filter
takes the place of the one that makes HTML of them.
"""

from __future__ import annotations

import re
from functools import lru_cache

import bleach
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter

TAGS = {*bleach.ALLOWED_TAGS, "br", "del", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "p", "pre", "span", "sub",
        "sup", "table", "tbody", "td", "th", "thead", "tr"}
# What an attribute may say, as a whole. A picture is one that came with the notebook; a class is one of those that color code.
ATTRIBUTES = {("a", "href"): r"https?://.*|#.*", ("img", "src"): r"data:image/\w+;base64,[\w+/=\s]*", ("img", "alt"): r".*",
              ("div", "class"): r"highlight|hl-\w+", ("span", "class"): r"\w{1,3}"}


def harmless(html: str) -> str:
    """HTML of somebody's text, in which nothing runs, and nothing is fetched before somebody clicks on it."""
    return bleach.clean(html, tags=TAGS, protocols={"http", "https", "data"}, attributes=lambda tag, name, value: bool(
        re.fullmatch(ATTRIBUTES.get((tag, name), r"(?!)"), value, re.DOTALL)))


@pass_context
def markdown(context, source: str) -> str:
    """The filter `markdown2html` of a template."""
    return harmless(_exporter().markdown2html(context, source))


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    return HTMLExporter(exclude_anchor_links=True)
