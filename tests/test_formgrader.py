"""formgrader and the feedback in a browser: a mark is changed there, and nothing of a submission's runs there."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from petkata.classroom import folder as class_folder
from petkata.course.catalog import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TOKEN = "of-this-test"
HIDDEN = "http://127.0.0.1:{port}/{name}"

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="tried on Linux, and nbgrader needs Python 3.11")

# What a student may write so that it runs, or is fetched, where it is shown. {js} tells the test's own server.
ATTACKS = {
    "script": "<script>{js}</script>",
    "image": '<img src="nowhere" onerror="{js}">',
    "drawing": '<svg onload="{js}"><circle r="4"/></svg>',
    "frame": '<iframe srcdoc="<script>{js}</script>"></iframe>',
    "link": '<a href="javascript:{js}">click here</a>',
    "details": '<details open ontoggle="{js}"><summary>more</summary></details>',
    "object": '<object data="data:text/html,<script>{js}</script>"></object>',
    "style": '<div style="background: url({url})">styled</div>',
    "picture": '<img src="{url}">',
    "named": '<div id="{url}" class="{url}">as formgrader names its own boxes</div>',
    "base": '<base href="{url}/"><img src="there">',
    "markdown-link": "[click here](javascript:{js})",
    "markdown-picture": "![a picture]({url})",
}


class Told(ThreadingHTTPServer):
    """A server that notes what is asked of it: each attack that succeeds asks for its own name."""

    def __init__(self):
        self.names, heard = set(), self

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self):
                heard.names.add(self.path.strip("/").removesuffix("/there"))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        super().__init__(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def attack(self, pattern: str, name: str) -> str:
        url = HIDDEN.format(port=self.server_port, name=name)
        return pattern.format(url=url, js=f"void(new Image().src='{url}')")


def hostile(notebook: dict, told: Told) -> None:
    """Add cells and metadata to a submission that attack whoever looks at it."""
    code = ["from IPython.display import Javascript, display, publish_display_data"]
    texts, raws = [], []
    for kind, pattern in ATTACKS.items():
        for mime in ("text/html", "image/svg+xml", "text/markdown", "text/latex", "text/plain", "text/vnd.mermaid"):
            shown = told.attack(pattern, f"output-{mime.split('/')[1]}-{kind}")
            code.append(f"publish_display_data({{{mime!r}: {shown!r}}})")
        texts.append(told.attack(pattern, f"text-{kind}"))
        raws.append(told.attack(pattern, f"raw-{kind}"))
    broken_out, unquoted = '"></script><script>{js}</script>', "1 onerror=fetch('{url}')"
    for name, pattern in (("quoted", broken_out), ("unquoted", unquoted)):
        for mime in ("image/png", "image/jpeg"):
            for what in ("width", "height", "alt", "unconfined", "needs_background"):
                shown = {mime: {what: told.attack(pattern, f"{name}-{mime[6:]}-{what}")}}
                code.append(f"publish_display_data({{{mime!r}: 'AAAA'}}, {shown!r})")
    filenames = {"filenames": {"image/png": HIDDEN.format(port=told.server_port, name="filenames")}}
    code.append(f"publish_display_data({{'image/png': 'AAAA'}}, {filenames!r})")
    counted = told.attack(broken_out, "counted")
    code += [f"display(Javascript({told.attack('{js}', 'javascript')!r}))",
             f"print({told.attack(broken_out, 'printed')!r})",
             f"publish_display_data({{'image/png': 'AAAA' + {told.attack(broken_out, 'png')!r}}})",
             f"raise Exception({told.attack(broken_out, 'error')!r})",
             "session = get_ipython().kernel.session\nsend = session.send\n"
             "def sent(stream, kind, content=None, *rest, **options):\n"
             f"    content = {{**content, 'execution_count': {counted!r}}} if kind == 'execute_input' else content\n"
             "    return send(stream, kind, content, *rest, **options)\n"
             "session.send = sent",
             "print('a cell with a number that is none')"]
    for kind, sources in (("code", code), ("markdown", texts), ("raw", raws)):
        for number, source in enumerate(sources):
            metadata = {"tags": [told.attack(broken_out, f"tags-{kind}")], "raw_mimetype": "text/html"}
            cell = {"cell_type": kind, "id": f"{kind}-{number}", "metadata": metadata, "source": source}
            notebook["cells"].append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    notebook["metadata"] |= {"title": told.attack(broken_out, "title"),
                             "widgets": {"application/vnd.jupyter.widget-state+json": {
                                 "version_major": 2, "version_minor": 0, "state": {"a": told.attack(broken_out, "widgets")}}},
                             "language_info": {"name": "python", "pygments_lexer": told.attack(broken_out, "lexer")}}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class with one submission, hostile and graded: its `folder`, `nbgrader(...)` there, and the server `told`."""
    folder, told = tmp_path_factory.mktemp("class"), Told()
    class_folder.new(folder, ["lesson3"])
    notebook = json.loads((folder / "release/lesson3/lesson3.ipynb").read_text(encoding="utf-8"))
    [anneal] = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "anneal"]
    anneal["source"] = "def cosine_anneal(start, end, position):\n    return start + (end - start) * position"
    hostile(notebook, told)
    submitted = folder / "submitted/s00/lesson3/lesson3.ipynb"
    submitted.parent.mkdir(parents=True)
    submitted.write_text(json.dumps(notebook), encoding="utf-8")

    def nbgrader(*words):
        done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    for step in ("generate_assignment", "autograde", "generate_feedback"):
        nbgrader(step, "lesson3")
    yield SimpleNamespace(folder=folder, nbgrader=nbgrader, told=told, feedback=folder / "feedback/s00/lesson3/lesson3.html")
    told.shutdown()


@pytest.fixture(scope="module")
def page():
    if sync_playwright is None or CHROMIUM is None:
        pytest.skip("needs a browser, Chromium (apt install chromium), and Playwright (pip install playwright)")
    with sync_playwright() as playwright:
        root = os.name == "posix" and os.getuid() == 0  # for whom Chromium has no sandbox of its own
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] * root)
        page = browser.new_page()
        page.route(lambda url: not re.match(r"file:|data:|about:|http://127\.0\.0\.1:", url), lambda route: route.abort())
        yield page
        browser.close()


def attacks_that_succeed(page, address: str, told: Told) -> set[str]:
    """Open a page, click on what asks for it, and see who has told the server."""
    told.names.clear()
    page.goto(address)
    assert page.get_by_text("Part 2: up, then down").count() == 1, "this is not the submission"
    page.evaluate("[...document.links].filter(link => link.text == 'click here').forEach(link => link.click())")
    page.wait_for_timeout(1000)  # of what was clicked on, the last may come after the next line's
    page.evaluate("address => fetch(address, {mode: 'no-cors'})", HIDDEN.format(port=told.server_port, name="last"))
    until = time.monotonic() + 60
    while "last" not in told.names:
        assert time.monotonic() < until, "the page does not reach the server"
        time.sleep(0.05)
    return told.names - {"last"}


def test_nothing_of_a_submission_runs_in_the_feedback(course, page):
    assert attacks_that_succeed(page, course.feedback.as_uri(), course.told) == set()
    assert page.locator("img[src^='data:image/png']").count() >= 3, "the lesson's own pictures are shown"
    assert page.locator("pre", has_text="a cosine starts slowly; a straight line does not").count() == 1
    assert page.get_by_text("cosine_anneal: failing, 0 of 1 points").count() == 1


@contextmanager
def unprotected(course):
    """The feedback made without a part of the configuration."""
    config = course.folder / class_folder.GUARD
    written, feedback = config.read_text(encoding="utf-8"), course.feedback.read_bytes()
    without = json.loads(written)
    del without["HTMLExporter"]
    config.write_text(json.dumps(without), encoding="utf-8")
    try:
        course.nbgrader("generate_feedback", "lesson3", "--force")
        yield
    finally:
        config.write_text(written, encoding="utf-8")
        course.feedback.write_bytes(feedback)


def test_without_this_part_of_the_configuration_it_would_run(course, page):
    with unprotected(course):
        succeeded = attacks_that_succeed(page, course.feedback.as_uri(), course.told)
    for place in ("output-html", "text"):
        assert {f"{place}-{attack}" for attack in ("script", "image", "drawing", "link")} <= succeeded


class Dangerous(HTMLParser):
    """Names of the attacks in a page that stand in a script, a style or an attribute, and neither in text nor in a plain link."""

    def __init__(self, told: Told):
        super().__init__()
        self.address = re.compile(HIDDEN.format(port=told.server_port, name=r"([\w-]+)"))
        self.names, self.inside = set(), ""

    def handle_starttag(self, tag, attributes):
        self.inside = tag
        for name, value in attributes:
            harmless = {("a", "href"): "https?://", ("img", "src"): "data:image/", ("img", "alt"): ""}.get((tag, name), "(?!)")
            if not re.match(harmless, value or ""):
                self.names.update(self.address.findall(value or ""))

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside in ("script", "style"):
            self.names.update(self.address.findall(data))


def dangerous_in(page: Path, told: Told) -> set[str]:
    parser = Dangerous(told)
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.names


def test_nothing_of_a_submission_could_run_in_the_feedback(course):
    """Without a browser: so it is looked at wherever the tests run."""
    assert "Part 2: up, then down" in course.feedback.read_text(encoding="utf-8")
    assert dangerous_in(course.feedback, course.told) == set()
    with unprotected(course):
        found = dangerous_in(course.feedback, course.told)
    for place in ("output-html", "text"):
        assert {f"{place}-{attack}" for attack in ("script", "image", "drawing", "link")} <= found


@contextmanager
def served(folder: Path):
    """The address of a Jupyter server, started in a class's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "jupyter_server", f"--port={port}", "--no-browser", "--allow-root",
                               f"--IdentityProvider.token={TOKEN}"], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert server.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(f"{address}/login").close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def test_a_configuration_that_cannot_be_read_shows_no_submission(course):
    """Neither in formgrader nor as feedback: the lines that make what is shown harmless would be missing."""

    def answer():
        with served(course.folder) as address:
            return got(f"{address}/formgrader")[0]

    config, feedback = course.folder / class_folder.CONFIG, course.feedback.read_bytes()
    written = config.read_text(encoding="utf-8")
    assert answer() == 200
    config.write_text(f"{written}\nc.ClearSolutions.code_stub = {{", encoding="utf-8")
    try:
        assert answer() == 404
        with pytest.raises(AssertionError, match="Nothing was run"):
            course.nbgrader("generate_feedback", "lesson3", "--force")
        assert course.feedback.read_bytes() == feedback
    finally:
        config.write_text(written, encoding="utf-8")


def got(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{address}{'&' if '?' in address else '?'}token={TOKEN}") as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_no_link_leads_formgrader_into_a_submission(course, tmp_path):
    """It would run the configuration that lies there."""
    (tmp_path / class_folder.CONFIG).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with served(course.folder) as address:
        assert got(f"{address}/formgrader/?path={tmp_path}")[0] == 403
        assert got(f"{address}/formgrader/")[0] == 200
    assert not (tmp_path / "ran").exists()


def test_no_link_leads_to_a_page_about_a_name_that_is_a_script(course):
    with served(course.folder) as address:
        for script in ("%22-eval(unescape(location.hash.slice(1)))-%22", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "a%5C", "a%0Ab"):
            for page in (script, f"{script}/lesson3", f"s00/{script}"):
                assert got(f"{address}/formgrader/manage_students/{page}")[0] == 404
            assert got(f"{address}/formgrader/gradebook/{script}/lesson3")[0] == 404
        for page in ("", "/s00", "/s00/lesson3", "/O'Neill", "/ada+1@example.org"):
            assert got(f"{address}/formgrader/manage_students{page}")[0] == 200


def test_formgrader_that_was_led_to_the_class_shows_harmlessly_too(course, tmp_path):
    with served(course.folder.parent) as address:
        assert got(f"{address}/formgrader/?path={course.folder}")[0] == 200
        [submission] = json.loads(got(f"{address}/formgrader/api/submitted_notebooks/lesson3/lesson3")[1])
        status, shown = got(f"{address}/formgrader/submissions/{submission['id']}/?index=0")
    assert status == 200 and "Part 2: up, then down" in shown
    (tmp_path / "page.html").write_text(shown, encoding="utf-8")
    assert dangerous_in(tmp_path / "page.html", course.told) == set()


@pytest.fixture
def formgrader(course, page):
    """The address of a Jupyter server for the class that the page has logged into."""
    with served(course.folder) as address:
        page.goto(f"{address}/login?token={TOKEN}")
        yield address


def test_an_instructor_opens_a_submission_changes_a_mark_and_the_student_reads_it(course, page, formgrader):
    page.goto(f"{formgrader}/formgrader/gradebook/lesson3/lesson3")
    submission = page.locator("a[href*='/formgrader/submissions/']").first
    submission.wait_for()
    assert attacks_that_succeed(page, formgrader + submission.get_attribute("href"), course.told) == set()
    assert page.locator("pre", has_text="a cosine starts slowly; a straight line does not").count() == 1

    page.wait_for_load_state("networkidle")  # the marks have come, and a change of one is heard
    with page.expect_response(re.compile("/formgrader/api/grade/")):
        page.locator("#check_cosine_anneal").fill("0.5")
        page.locator("#check_cosine_anneal").blur()
    with page.expect_response(re.compile("/formgrader/api/comment/")):
        page.locator("#anneal-comment").fill("Look at the ends: **slowly**.")
        page.locator("#anneal-comment").blur()
    course.nbgrader("generate_feedback", "lesson3", "--force")
    page.goto(course.feedback.as_uri())
    assert page.get_by_text("lesson3 (Score: 0.5 / 12.0)").count() == 1
    assert page.locator("strong", has_text="slowly").count() == 1
    assert str(ROOT) not in course.feedback.read_text(encoding="utf-8"), "where the course lies is the instructor's own affair"
