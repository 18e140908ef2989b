"""What a student wrote, as formgrader and the feedback show it: whatever it is, there is a page, and soon."""

import json
import sys

import bs4
import pytest

from petkata.course.catalog import ROOT

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader needs Python 3.11")

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def shown():
    """`shown(*cells)`: the page of these cells, by the filters that a class's configuration names."""
    from nbconvert.exporters import HTMLExporter
    from nbformat.v4 import new_notebook
    from traitlets.config import Config

    settings = json.loads((ROOT / "lessons" / "nbgrader_config.json").read_text(encoding="utf-8"))
    exporter = HTMLExporter(template_name="classic", config=Config({"HTMLExporter": settings["HTMLExporter"]}))
    return lambda *cells: exporter.from_notebook_node(new_notebook(cells=list(cells)))[0]


def text(source, **more):
    from nbformat.v4 import new_markdown_cell

    return new_markdown_cell(source, **more)


def program(source, *outputs):
    from nbformat.v4 import new_code_cell

    return new_code_cell(source, outputs=list(outputs))


def output(kind, **data):
    from nbformat.v4 import new_output

    return new_output(kind, **data)


def html(source):
    return program("", output("display_data", data={"text/html": source}))


def printed(source):
    return program("", output("stream", text=source))


def test_what_is_usual_is_shown_as_usual(shown):
    table = "<table><tr><td>0.05</td></tr></table>"
    picture = text("![a dot](attachment:dot.png)", attachments={"dot.png": {"image/png": PIXEL}})
    page = shown(text("# Rates\n\nSlowly, *then* fast:\n\n```python\nfor x in y: pass\n```"), program("def lr(x):\n    return 1"),
                 html(table), printed("\x1b[31mred\x1b[0m <b>"), picture)
    assert "<em>then</em>" in page and f"data:image/png;base64,{PIXEL}" in page
    assert 'class="ansi-red-fg">red</span> &lt;b&gt;' in page
    assert page.count('<span class="k">') >= 2, "code has its colors, in texts too"
    assert "<td>0.05</td>" in page


def test_a_table_of_pandas_is_shown_as_one():
    from petkata.classroom.showing import html as show

    table = "<table{}><thead><tr><th>error</th></tr></thead><tbody><tr><td>0.1</td></tr></tbody></table>"
    shown = show({}, "<style scoped>th { color: red; }</style>" + table.format(" border='1' class='dataframe'"))
    assert shown == table.format(' class="table table-condensed"')
    assert "<style" not in show({}, "<style " * 100_000 + "<STYLE>x</STYLE>") and show({}, b"<p id='x'>1</p>") == "<p>1</p>"


@pytest.mark.parametrize("tag", ["<table>", "<img "])
def test_what_is_put_into_a_tag_stands_in_no_attribute(tag):
    from petkata.classroom.showing import html as show

    given = f'<img src="data:image/png;base64,{PIXEL}" alt="{tag} onerror=x() "><a href="https://x/{tag} onclick=x()">k</a>'
    soup = bs4.BeautifulSoup(show({}, given), "html.parser")
    assert [sorted(element.attrs) for element in soup.find_all()] == [["alt", "class", "src"], ["href"]]


WITHOUT_AN_END = {  # each takes an hour or more, or all memory
    "a lexer": lambda: text("```scala\n\"" + "\\" * 300 + "\n```"),
    "code": lambda: program("x = 1" + "\n" * 400_000 + "y = 1"),
    "tags": lambda: html("<p>" + "<b id=i>" * 60_000 + "<p>x" * 60_000),
    "colors": lambda: printed("\x1b[m" * 5_000_000)}


@pytest.mark.parametrize("name", WITHOUT_AN_END)
def test_a_page_of_what_takes_for_ever_is_there_soon(shown, name, monkeypatch):
    from petkata.classroom import showing

    monkeypatch.setattr(showing, "MOST_SECONDS", 1)
    page = shown(WITHOUT_AN_END[name](), WITHOUT_AN_END[name](), text("the *last* words"))
    assert "the *last* words" in page, "there was no time left for them, and they are there"
    assert "the <em>last</em> words" in shown(text("the *last* words")), "each page has its own time"


@pytest.mark.parametrize("cell, said", [
    (lambda: printed("\x1b[38mred"), "red"), (lambda: text("see ![my plot](attachment:plot.png), *good*"), "<em>good</em>"),
    (lambda: text("see ![my plot](attachment:a.png), *good*", attachments={"a.png": {}}), "[my plot: this picture is missing]")])
def test_what_cannot_be_shown_costs_nothing_but_itself(shown, cell, said):
    page = shown(cell(), text("the *last* words"))
    assert said in page and "the <em>last</em> words" in page


def test_what_is_shown_as_it_is_runs_no_more_than_the_rest(shown, monkeypatch):
    from petkata.classroom import showing

    monkeypatch.setattr(showing, "MOST_SECONDS", 0)
    script = "<script>alert(1)</script>"
    page = shown(text(script), program(script), html(script), printed(script))
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") == 4


@pytest.mark.parametrize("student", ["s00", "ada.meier+2@example.org", "Anne-Marie O'Neill", "Zoë", "ÅÄ"])
def test_whoever_has_a_name_can_be_shown(student):
    from petkata.classroom.showing import cannot_be_shown

    assert cannot_be_shown(student) is None


@pytest.mark.parametrize("student", ["<img src=x>", 'a"b', "a\nb", "a\\", "\udcff\udcfe", "a\x1b[31m"])
def test_whose_name_would_be_a_script_is_told(student):
    from petkata.classroom.showing import cannot_be_shown

    assert "Rename the folder" in cannot_be_shown(student) and cannot_be_shown(student).isprintable()
    assert cannot_be_shown(student).isascii()
