"""A worker process: reads jobs from its standard input, answers on its standard output, and knows nothing else.

The workshop starts it. Import only what every job needs: what a kind of work needs on top is imported by its module.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from trimtab.errors import TrimtabError
from trimtab.render import directory, helm_run, kustomize
from trimtab.render.confine import confine
from trimtab.render.jobs import (
    LENGTH_BYTES,
    MAX_OUTPUT,
    OUT_OF_MEMORY,
    Answer,
    DirectoryWork,
    HelmWork,
    Job,
    KustomizeWork,
    Refused,
    Rendered,
    decode_job,
    encode,
)

RUNNERS: Final[dict[type, Callable[[Job, Path], Rendered]]] = {
    DirectoryWork: directory.run,
    KustomizeWork: kustomize.run,
    HelmWork: helm_run.run,
}


def main() -> None:
    """Serve until the workshop closes the pipe, or until this process has grown: it would not shrink again.

    Arguments: the folder to work in, the memory to have (bytes).
    """
    folder, memory = Path(sys.argv[1]), int(sys.argv[2])
    jobs, answers = _own_pipes()
    # Opened now: confined, this process could not.
    with Path("/proc/self/status").open("rb") as status:
        confine(folder, memory=memory)
        spent = False
        while not spent and (message := _receive(jobs)) is not None:
            result = encode(answer(decode_job(message), folder))
            spent = _peak(status) > memory // 3
            _send(answers, result, last=spent)


def answer(job: Job, folder: Path) -> Answer:
    """What comes of a job. Only errors that are the source's own fault are answered; any other ends the process."""
    try:
        rendered = RUNNERS[type(job.work)](job, folder)
    except TrimtabError as error:
        return Refused(error.message, error.reason)
    except MemoryError:
        return Refused("out of memory", OUT_OF_MEMORY)
    total = sum(len(output.manifest) for output in rendered.outputs)
    if total > MAX_OUTPUT:
        return Refused(f"{job.label}: renders {total:,} bytes of manifests, more than {MAX_OUTPUT:,}", "TooBig")
    return rendered


def _peak(status: BinaryIO) -> int:
    """The most memory that this process has had, in bytes. `ru_maxrss` would begin with what its parent had."""
    status.seek(0)
    for line in status:
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the workshop, moved away so that nothing else in the process can write into them."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return jobs, answers


def _receive(jobs: BinaryIO) -> bytes | None:
    head = jobs.read(LENGTH_BYTES)
    return jobs.read(int.from_bytes(head, "big")) if len(head) == LENGTH_BYTES else None


def _send(answers: BinaryIO, message: bytes, *, last: bool) -> None:
    answers.write(len(message).to_bytes(LENGTH_BYTES, "big") + bytes([last]))
    answers.write(message)
    answers.flush()
