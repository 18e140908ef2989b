import io
import os
import shutil
import tempfile
from pathlib import Path

import torch

from petkata.checking import mistake


@mistake("The state is written over the old file. Until it is complete, there is neither the old one nor the new one.",
         caught_by="test_a_reader_of_the_old_file_reads_on")
def save_atomically(state, path):
    torch.save(state, path)


@mistake("The unfinished file is complete, but then it is copied over the old one, and copying takes time, too. Rename it.",
         caught_by="test_a_reader_of_the_old_file_reads_on")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
        shutil.copy(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The bytes are ready in memory, but writing them over the old file takes time, and the old one goes first.",
         caught_by="test_a_reader_of_the_old_file_reads_on")
def save_atomically(state, path):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    Path(path).write_bytes(buffer.getvalue())


@mistake("The old file is removed before the new one gets its name. In between there is none. os.replace needs no removing.",
         caught_by="test_is_whole_at_every_moment")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
        Path(path).unlink(missing_ok=True)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The old file is set aside, to be put back should writing fail. But a killed program puts nothing back.",
         caught_by="test_is_whole_at_every_moment")
def save_atomically(state, path):
    path, aside = Path(path), Path(f"{path}.old")
    there = path.exists()
    if there:
        path.rename(aside)
    try:
        torch.save(state, path)
    except BaseException:
        path.unlink(missing_ok=True)
        if there:
            aside.rename(path)
        raise
    aside.unlink(missing_ok=True)


if hasattr(os, "fork"):  # only a kill shows this one

    @mistake("The state is proven to be savable, in memory. But then the old file goes before the new one is written.",
             caught_by="test_a_kill_leaves_a_whole_file")
    def save_atomically(state, path):
        proof = io.BytesIO()
        torch.save(state, proof)
        proof.seek(0)
        state = torch.load(proof)
        Path(path).unlink(missing_ok=True)
        torch.save(state, path)


@mistake("A file that is there already is left as it is. The new state takes its place.",
         caught_by="test_replaces_the_old_file")
def save_atomically(state, path):
    if not Path(path).exists():
        unfinished = Path(f"{path}.tmp")
        torch.save(state, unfinished)
        os.replace(unfinished, path)


@mistake("Only tensors are saved, and the rest of the state is lost.", caught_by="test_saves_what_was_given")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save({key: value for key, value in state.items() if isinstance(value, torch.Tensor)}, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The unfinished file is never renamed: the state is in a file that nobody looks for.",
         caught_by="test_saves_what_was_given")
def save_atomically(state, path):
    torch.save(state, f"{path}.tmp")


@mistake("The error is swallowed. Who called this believes that all is safe.", caught_by="test_a_failure_is_told")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
        os.replace(unfinished, path)
    except Exception as error:
        print("not saved:", error)
        unfinished.unlink(missing_ok=True)


@mistake("The unfinished file gets its name whatever happened: after an error, half a state takes the old one's place.",
         caught_by="test_a_failure_leaves_the_old_file")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
    finally:
        os.replace(unfinished, path)


@mistake("After an error the unfinished file stays behind. Remove it on every way out: try, finally.",
         caught_by="test_leaves_no_litter")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    torch.save(state, unfinished)
    os.replace(unfinished, path)


@mistake("A copy of the old file stays behind. The folder holds one file for each state, and no other.",
         caught_by="test_leaves_no_litter")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
        if Path(path).exists():
            shutil.copy(path, f"{path}.bak")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The unfinished file lies in the folder for temporary files. Where that is another disk, it cannot be renamed.",
         caught_by="test_works_in_the_folder_of_the_file")
def save_atomically(state, path):
    with tempfile.TemporaryDirectory() as folder:
        unfinished = Path(folder) / "state"
        torch.save(state, unfinished)
        os.replace(unfinished, path)


@mistake("with_suffix makes stage.tmp of stage.tmp: the state is written over the old file, and then removed as unfinished.",
         caught_by="test_takes_any_name")
def save_atomically(state, path):
    unfinished = Path(path).with_suffix(".tmp")
    try:
        torch.save(state, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The unfinished file is always stage.pth.tmp. Somebody else may have a file of that name, and then it is lost.",
         caught_by="test_leaves_the_files_of_others_alone")
def save_atomically(state, path):
    unfinished = Path(f"{path}.tmp")
    try:
        torch.save(state, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@mistake("The unfinished file is stage.tmp, so it is written over one that somebody else keeps under this name.",
         caught_by="test_leaves_the_files_of_others_alone")
def save_atomically(state, path):
    path = Path(path)
    unfinished = path.with_suffix(".tmp")
    try:
        torch.save(state, unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
