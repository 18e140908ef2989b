import io
import os
import pathlib
import tempfile
import time
import uuid

import torch

from petkata.checking import alternative


@alternative
def save_atomically(state, path):
    path = pathlib.Path(path)
    new = path.with_name(f".{path.name}.{time.time_ns()}.tmp")
    try:
        torch.save(state, new)
        new.replace(path)
    except BaseException:
        if new.exists():
            new.unlink()
        raise


@alternative
def save_atomically(state, path):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    handle, name = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    with os.fdopen(handle, "wb") as file:
        file.write(buffer.getvalue())
    os.replace(name, path)


@alternative
def save_atomically(state, path):
    with tempfile.TemporaryDirectory(dir=pathlib.Path(path).parent) as folder:
        torch.save(state, f"{folder}/state")
        os.replace(f"{folder}/state", path)


@alternative
def save_atomically(state, path):
    target = os.fspath(path)
    unfinished = f"{target}-{uuid.uuid4().hex}"
    with tempfile.NamedTemporaryFile("wb", dir=pathlib.Path(target).resolve().parent, delete=False) as file:
        try:
            torch.save(state, file, _use_new_zipfile_serialization=False)
            file.flush()
            os.fsync(file.fileno())
            failed = False
        except Exception as error:
            failed = error
    if failed:
        os.unlink(file.name)
        raise failed
    pathlib.Path(file.name).rename(unfinished)
    os.replace(unfinished, target)
