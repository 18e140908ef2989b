"""Submissions that do what they should not: each costs the cell that did it, and nothing else."""

import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from petkata.course import catalog
from petkata.course.catalog import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="forked kernels need Linux, and nbgrader Python 3.11")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """`executed(*sources, timeout=60)`: a notebook with these cells, run as nbgrader runs it: what each cell shows, and the
    errors by name. A source that begins with `check(` is a graded cell."""
    from nbformat.v4 import new_code_cell, new_notebook

    from petkata.classroom.executing import ExecuteToTheEnd
    from petkata.classroom.kernels import ForkedProvisioner, use_forked_kernels

    worth = {f'check("{task.name}")': task.points for name in catalog.lesson_names() for task in catalog.lesson(name).tasks}

    def executed(*sources, timeout=60, tags=(), points=None, **options):
        cells = [new_code_cell(source, metadata={"tags": list(tags), "nbgrader": {
            "grade": source.startswith("check("), "solution": False, "locked": False, "points": points or worth.get(source, 1),
            "grade_id": str(number), "schema_version": 3, "task": False}}) for number, source in enumerate(sources)]
        notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        folder = tmp_path_factory.mktemp("submission")
        done, _ = ExecuteToTheEnd(timeout=timeout, **options).preprocess(notebook, {"metadata": {"path": str(folder)}})
        return [SimpleNamespace(
            outputs=cell.outputs,
            text="".join(output.get("text", "") or "\n".join(output.get("traceback", ())) for output in cell.outputs),
            errors=[output.ename for output in cell.outputs if output.output_type == "error"],
            looks=done.metadata.get("petkata", {}).get("needs_a_look", [])) for cell in done.cells]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ForkedProvisioner, "wanted", False)
        use_forked_kernels()
        yield executed


START = 'from petkata.checking.notebook import checks_of; check = checks_of("lesson3")'
ANNEAL = (ROOT / "solutions" / "lesson3" / "anneal.py").read_text(encoding="utf-8")
CYCLE = (ROOT / "solutions" / "lesson3" / "cycle.py").read_text(encoding="utf-8")
PASSED = "cosine_anneal: passed, 1 of 1 points\n"


@pytest.mark.parametrize("name", catalog.lesson_names())
def test_right_answers_are_right_in_the_sandbox_too(executed, name):
    lesson = catalog.lesson(name)
    solutions = [(ROOT / "solutions" / name / file).read_text(encoding="utf-8") for file in lesson.files]
    checks = [f'check("{task.name}")' for task in lesson.tasks]
    shown = executed(START.replace("lesson3", name), *solutions, *checks, timeout=300)
    said = [cell.text.splitlines()[-1] for cell in shown[-len(checks):]]
    assert said == [f"{task.name}: passed, {task.points} of {task.points} points" for task in lesson.tasks]


ENDS = ["import os; os._exit(3)", "exit()", "import ctypes; ctypes.string_at(0)", "import os; os.closerange(3, 1000)"]


@pytest.mark.parametrize("ends", ENDS)
def test_a_cell_that_ends_the_kernel_costs_only_itself(executed, ends):
    _, _, deadly, before, _, after = executed(START, ANNEAL, ends, 'check("cosine_anneal")', CYCLE, 'check("one_cycle_lr")')
    assert deadly.looks == ["A cell ended its kernel."]
    assert deadly.errors == ["KernelEnded"] and "went on in a new kernel" in deadly.text
    assert before.text == PASSED and after.text == "one_cycle_lr: passed, 2 of 2 points\n"


def test_a_function_that_ends_the_kernel_costs_only_its_check(executed):
    deadly = "def one_cycle_lr(position, lr_max, **options):\n    import os\n    os._exit(0)"
    _, _, _, first, second = executed(START, ANNEAL, deadly, 'check("one_cycle_lr")', 'check("cosine_anneal")')
    assert first.errors == ["NotPassed"] and "The process ended while this ran" in first.text and second.text == PASSED


SLOW = """
import time
at_once, called = cosine_anneal, 0
def cosine_anneal(start, end, position):
    global called
    called += 1
    time.sleep(0.02)
    return at_once(start, end, position)
"""


def test_what_is_being_judged_when_the_kernel_ends_is_judged_again(executed):
    *_, check, deadly, last = executed(START, ANNEAL, SLOW, 'check("cosine_anneal")', "import os; os._exit(1)", "print(called)")
    assert check.text == PASSED and deadly.errors == ["KernelEnded"] and last.text == "0\n"


def test_a_kernel_that_ends_by_itself_costs_no_cell_below(executed, monkeypatch):
    from petkata.classroom.kernels import ForkedKernel

    judges, judge = [], ForkedKernel.judge

    def judge_and_end(kernel, *task):
        judges.append(judge(kernel, *task))
        if len(judges) == 2:
            threading.Timer(1, os.kill, (kernel.pid, signal.SIGKILL)).start()
        return judges[-1]

    monkeypatch.setattr(ForkedKernel, "judge", judge_and_end)
    slow = ['check("cosine_anneal")'] * 3  # two at a time: the third is asked for when there is no kernel any more
    *_, first, second, third, last = executed(START, ANNEAL, SLOW, *slow, "print('last')")
    assert PASSED in (first.text, second.text) and third.text == PASSED and last.text == "last\n"
    assert "A cell ended its kernel." in last.looks


def test_what_an_answer_does_while_it_is_judged_the_kernel_does_not_see(executed):
    *_, check, last = executed(START, ANNEAL, SLOW, 'check("cosine_anneal")', "time.sleep(1); print(called)")
    assert check.text == PASSED and last.text == "0\n"


def test_an_answer_may_log_and_print_to_what_it_has_kept(executed):
    """In the process in which it is judged, nobody reads what the kernel's own streams are told."""
    talks = """
import logging, sys
logging.basicConfig(level=logging.INFO)
out, silent = sys.stdout, cosine_anneal
def cosine_anneal(start, end, position):
    logging.info("called")
    print("called", file=out, flush=True)
    return silent(start, end, position)
"""
    *_, check = executed(START, ANNEAL, talks, 'check("cosine_anneal")')
    assert "INFO:root:called\n    called" in check.text and check.text.endswith(PASSED)


def test_a_cell_may_ask_the_shell(executed):
    _, shown, check = executed(START, f"!echo so it is\n{ANNEAL}", 'check("cosine_anneal")')
    assert "so it is" in shown.text and check.text == PASSED


def test_too_much_memory_is_an_error_of_the_cell(executed):
    _, anneal, greedy, check = executed(START, ANNEAL, "hoard = bytearray(2**33)", 'check("cosine_anneal")')
    assert greedy.errors == ["MemoryError"] and check.text == PASSED


def test_a_cell_that_does_not_stop_is_left_behind(executed):
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    _, _, endless, check = executed(START, ANNEAL, stubborn, 'check("cosine_anneal")', timeout=8)
    assert endless.errors == ["CellTimeoutError"] and "still running after 8 seconds" in endless.text
    assert check.text == PASSED


@pytest.mark.parametrize("flood", ["while True: print('x' * 1000)", "import sys\nwhile True: sys.stderr.write('x' * 10_000)",
                                   "from IPython.display import display\nwhile True: display('x' * 1000)"])
def test_a_cell_that_floods_is_stopped(executed, flood):
    _, _, wet, check = executed(START, ANNEAL, flood, 'check("cosine_anneal")', most_output=300_000)
    assert wet.looks == ["A cell showed too much and was stopped."]
    assert wet.errors == ["Flood"] and len(wet.text) < 1_000_000 and check.text == PASSED


def test_one_message_without_an_end_is_not_kept(executed):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, _, wet, check, last = executed(START, ANNEAL, "print('x' * 10**9)", 'check("cosine_anneal")', "print('last')")
    assert len(wet.text) < 1000 and wet.errors == ["Flood"] and check.text == PASSED and last.text == "last\n"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


def test_a_report_of_what_has_no_end_has_one(executed):
    endless = "def cosine_anneal(start, end, position):\n    raise OSError('x' * 1_000_000)"
    *_, check = executed(START, endless, 'check("cosine_anneal")')
    assert check.errors == ["NotPassed"] and "xxx" in check.text and len(check.text) < 210_000


def test_a_message_of_a_kind_that_nobody_knows_is_not_told_of(executed, caplog):
    send = ("kernel = get_ipython().kernel\n"
            "kind = 'x\\n[AutogradeApp | WARNING] s07: crashed\\x1b[2J'\n"
            "kernel.session.send(kernel.iopub_socket, kind, {}, kernel.get_parent())")
    with caplog.at_level("DEBUG"):
        executed(START, send)
    assert not [record for record in caplog.records if "s07: crashed" in record.getMessage() and record.levelname != "DEBUG"]


ANSWERS_TO_NOBODY = """
import hashlib, hmac, itertools, json, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
kernel = get_ipython().kernel
content = json.dumps({"a": [1] * 60_000}).encode()
head = {"msg_type": "execute_reply", "username": "", "session": "", "date": "2026-01-01T00:00:00Z", "version": "5.3"}
for number in itertools.count():
    parts = [json.dumps({**head, "msg_id": str(number)}).encode(), b"{}", b"{}", content]
    signed = hmac.HMAC(kernel.session.key, b"".join(parts), hashlib.sha256).hexdigest().encode()
    try:
        kernel.shell_stream.socket.send_multipart([*kernel._parent_ident["shell"], b"<IDS|MSG>", signed, *parts])
    except Exception:
        pass
"""


def test_a_kernel_that_answers_without_an_end_is_ended(executed, monkeypatch):
    from petkata.classroom import executing, kernels

    monkeypatch.setattr(kernels, "MOST_WAITING", 1000)  # with few, it does not keep up
    monkeypatch.setattr(executing, "GRACE", 2)
    *_, busy, check = executed(START, ANNEAL, ANSWERS_TO_NOBODY, 'check("cosine_anneal")', timeout=3)
    assert busy.errors == ["CellTimeoutError"] and check.text == PASSED


def test_what_all_cells_show_together_has_a_limit(executed):
    show = "print('\\U0001F600' * 20_000)"  # of four bytes each
    *shown, last, check = executed(START, ANNEAL, *[show] * 4, "print('last')", 'check("cosine_anneal")', most_kept=250_000)
    assert [len(cell.text) for cell in shown[2:]] == [20_001] * 3 + [0] and last.text == "" and check.text == PASSED
    assert last.looks == ["It showed more than anybody can read: what its last cells showed was not kept."]


PARTS_WITHOUT_END = """
import os, socket, struct, threading
part = struct.pack(">BQ", 3, 40_000_000) + bytes(40_000_000)  # of ZeroMQ's protocol: a large one, and more to come
def send(handle):
    try:
        with socket.socket(fileno=os.dup(handle)) as one:
            one.getpeername()
            one.setblocking(True)
            while True:
                one.sendall(part)
    except OSError:
        pass
threads = [threading.Thread(target=send, args=(int(handle),)) for handle in os.listdir("/proc/self/fd") if int(handle) > 4]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_a_message_of_parts_without_an_end_is_not_kept(executed, monkeypatch):
    import resource

    from petkata.classroom import executing

    monkeypatch.setattr(executing, "MOST_MEMORY", 300_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, _, wet, check = executed(START, ANNEAL, PARTS_WITHOUT_END, 'check("cosine_anneal")')
    assert wet.errors == ["Flood"] and check.text == PASSED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_500_000  # kB


FLOOD_LATER = '''
import threading
kernel = get_ipython().kernel

def flood():
    for _ in range(100):
        kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x"}, buffers=[bytes(40_000_000)])

threading.Timer(1, flood).start()
'''


def test_messages_do_not_pile_up_while_a_judge_is_waited_for(executed):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # The four gigabytes that come before what the last cell shows are not there within a second, however fast the machine is.
    *_, check, last = executed(START, ANNEAL, SLOW, FLOOD_LATER, *['check("cosine_anneal")'] * 3, "print('last')",
                               iopub_timeout=1)
    assert check.text == PASSED and last.errors == ["Flood"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kB


def test_whichever_task_is_judged_first_makes_room_for_the_next():
    from petkata.classroom.executing import AtWork, ExecuteToTheEnd

    (slow, _keeps_open), (quick, tells) = socket.socketpair(), socket.socketpair()
    execute = ExecuteToTheEnd(timeout=60)
    execute.until = time.monotonic() + 60
    execute.at_work = [AtWork(0, "train", SimpleNamespace(told=slow)), AtWork(1, "schedule", SimpleNamespace(told=quick))]
    tells.send(b"{}\n")
    assert execute.first_done().task == "schedule" and [one.task for one in execute.at_work] == ["train"]


def test_all_cells_together_have_a_time(executed):
    wait, right = "import time\nwhile True: time.sleep(1)", 'check("cosine_anneal")'
    _, _, passed, first, second, last, late, check, _ = executed(
        START, ANNEAL, right, wait, wait, "print('last')", CYCLE, 'check("one_cycle_lr")', right, timeout=8, most_seconds=12)
    assert passed.text == PASSED and first.errors == ["CellTimeoutError"] and "running after 8 seconds" in first.text
    assert second.errors == ["CellTimeoutError"] and "running after 8 seconds" not in second.text  # less was left to it
    assert last.errors == late.errors == ["OutOfTime"] and "one_cycle_lr: timed out, 0 of 2 points" in check.text
    assert "It took all the time that a submission has: the last cells were not run." in check.looks


def test_no_heartbeat_is_waited_for(executed, monkeypatch):
    from jupyter_client.channels import HBChannel

    monkeypatch.setattr(HBChannel, "start", lambda self: pytest.fail("A cell can send half a heartbeat."))
    assert executed(START, ANNEAL, 'check("cosine_anneal")')[-1].text == PASSED


def test_of_a_picture_only_its_size_is_told():
    from petkata.classroom.executing import sizes_in

    told = {"image/png": {"width": 640, "height": "1 onerror=fetch('x')", "alt": "a pug"}, "filenames": {"image/png": "http://x"}}
    assert sizes_in(told) == {"image/png": {"width": 640}}
    assert sizes_in({"image/png": "wide", "isolated": True}) == {}


BUFFERS = "from comm import create_comm\nfor _ in range(20): create_comm('x', data={}, buffers=[bytes(100_000)])"


SHOW = "from IPython.display import publish_display_data as show"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize("update", [True, False])
def test_no_cell_changes_what_an_earlier_one_has_shown(executed, update):
    """That was looked at: nbgrader's pages would take what stands in here for their own words."""
    show = f"{SHOW}\nshow({{'image/png': {PICTURE!r}}}, {{'image/png': {{'width': WIDTH}}}}, transient={{'display_id': 'd'}}"
    first, second = executed(f"{show})".replace("WIDTH", "3"), f"{show}, update={update})".replace("WIDTH", "'1 onload=x()'"))
    assert [output.metadata for output in first.outputs] == [{"image/png": {"width": 3}}]
    assert [output.metadata for output in second.outputs] == ([] if update else [{"image/png": {}}])


def test_a_cell_changes_what_it_has_shown_itself(executed):
    [bar] = executed("from IPython.display import display\nbar = display('0 of 9', display_id=True)\nbar.update('9 of 9')")
    assert [output.data["text/plain"] for output in bar.outputs] == ["'9 of 9'"]


def test_what_takes_the_place_of_much_counts_as_much(executed):
    many = "for _ in range(300): show({'text/plain': 'x'}, {}, transient={'display_id': 'd'})"
    large = "show({'text/plain': 'x' * 100_000}, {}, transient={'display_id': 'd'}, update=True)"
    [cell] = executed(f"{SHOW}\n{many}\n{large}", most_kept=20_000_000)
    assert sum(len(output.data["text/plain"]) for output in cell.outputs) < 1_000 and "was not kept" in cell.looks[0]


def test_what_a_cell_sends_beside_what_it_shows_counts_too(executed):
    _, _, wet, check = executed(START, ANNEAL, BUFFERS, 'check("cosine_anneal")', most_output=300_000)
    assert wet.errors == ["Flood"] and check.text == PASSED


def test_the_folder_of_its_sockets_is_no_place_to_write_to(executed):
    fill = "import glob, os\nos.chdir(glob.glob('/tmp/kernel-*')[0]); print(os.listdir())\nos.mkdir('deep')"
    _, _, full, check = executed(START, ANNEAL, fill, 'check("cosine_anneal")')
    assert full.errors == ["OSError"] and "kernel.json" in full.text and "Read-only" in full.text and check.text == PASSED


def test_what_a_cell_showed_first_is_kept(executed):
    shown, _, last = executed("import time; print(time.perf_counter_ns())", "import os; os._exit(1)", "print('last')")
    assert shown.text.strip().isdigit() and last.text == "last\n"


def test_the_guide_names_the_tasks_of_which_something_is_seen_only_where_the_answer_runs():
    tasks = [(task, ROOT / "tests" / name / Path(task.file).stem / "checks.py")
             for name in catalog.lesson_names() for task in catalog.lesson(name).tasks]
    looked_at = {task.name for task, checks in tasks if f"{task.name}.where_it_runs(" in checks.read_text(encoding="utf-8")}
    guide = (ROOT / "lessons" / "INSTRUCTORS.md").read_text(encoding="utf-8")
    named = guide.partition("only be seen where the answer runs")[2].partition("Code that fakes")[0]
    assert looked_at and set(re.findall(r"`(\w+)`", named)) == looked_at


def test_who_has_tampered_gets_no_points_and_is_told_of(executed, monkeypatch):
    from petkata.classroom.kernels import Judge

    told = {"state": "passed", "points": 1, "of": 1, "text": "cosine_anneal: passed, 1 of 1 points", "tampered": True}
    monkeypatch.setattr(Judge, "verdict", lambda self, seconds: self.close() or told)
    *_, check = executed(START, ANNEAL, 'check("cosine_anneal")')
    assert check.errors == ["NotPassed"] and "tampered" in check.text and "cosine_anneal: failing, 0 of 1 points" in check.text
    assert check.looks == ["cosine_anneal: a check passed that must fail. Somebody has tampered with the checks."]


@pytest.mark.parametrize("ends, state", [("import os; os._exit(3)", "crashed"), ("while True: pass", "timed out")])
def test_what_is_written_in_a_cell_that_does_not_come_to_its_end_is_not_said_to_be_missing(executed, ends, state):
    *_, check, other = executed(START, f"{ANNEAL}\n{ends}", CYCLE, 'check("cosine_anneal")', 'check("one_cycle_lr")', timeout=8)
    assert f"cosine_anneal: {state}, 0 of 1 points" in check.text and "did not come to its end" in check.text
    assert "one_cycle_lr: " in other.text and state not in other.text


def test_a_check_that_only_the_kernel_would_understand_is_not_run(executed):
    mine = "def check(task): print(f'{task}: passed, 1 of 1 points')"
    *_, forged = executed(START, mine, 'check("cosine_anneal" )')
    assert forged.errors == ["NotJudged"] and "not judged, 0 of 1 points" in forged.text
    assert len(forged.looks) == 1 and "in source/, its cell must say check(" in forged.looks[0]


def test_a_lesson_that_there_is_not_is_none(executed):
    *_, check = executed('# checks_of("lesson99")', START, ANNEAL, 'check("cosine_anneal")')
    assert check.text.endswith(PASSED)


def test_a_check_of_no_task_of_the_lesson_costs_nothing_but_itself(executed):
    _, _, unknown, known = executed(START, ANNEAL, 'check("cosine_aneal")', 'check("cosine_anneal")')
    assert unknown.errors == ["NotJudged"] and known.text.endswith(PASSED) and "with a task of the lesson" in known.looks[0]


@pytest.mark.parametrize("points, said", [(5, "cosine_anneal: passed, 5 of 5 points"), (0.5, "passed, 0.5 of 0.5 points")])
def test_an_instructors_points_are_those_that_the_feedback_tells(executed, points, said):
    wrong = "def one_cycle_lr(position, lr_max, pct_start=0.25, div=25.0, div_final=1e5):\n    return 0"
    *_, check, other = executed(START, ANNEAL, wrong, 'check("cosine_anneal")', 'check("one_cycle_lr")', points=points)
    assert check.text.rstrip().endswith(said) and f"one_cycle_lr: failing, 0 of {points} points" in other.text


@pytest.mark.parametrize("source, is_one", [
    ("check('train')", True), ("import numpy\nprint(check)", True), ("%time check('train')", True),
    ("assert train()  # a check of mine", False), ("assert train(), 'check your ends'\ncheck_ends = 3", False)])
def test_an_own_test_is_no_check_only_because_the_word_stands_in_it(source, is_one):
    from petkata.classroom.executing import asks

    assert asks(source) == is_one


def test_no_tag_lets_a_check_be_left_out(executed):
    _, check = executed(START, 'check("cosine_anneal")', tags=["skip-execution"])
    assert check.errors == ["NotPassed"] and "is not defined" in check.text
