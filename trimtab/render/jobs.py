"""What a worker is sent and what it answers: frozen values that travel as msgpack."""

from typing import Final

import msgspec
from msgspec import Struct

from trimtab.render.kustomization import Edits

OUT_OF_MEMORY: Final = "OutOfMemory"
MAX_OUTPUT: Final = 64 * 1024 * 1024
"""Bytes of manifests that one rendering may give."""
LENGTH_BYTES: Final = 8
"""Each message is preceded by its length, big-endian; an answer also by a byte that is 1 when the worker ends now."""


class SourceFile(Struct, frozen=True):
    """A file of the repository, by its path from the root. Never a link: links are followed before."""

    path: str
    content: bytes


class DirectoryWork(Struct, frozen=True, tag="directory"):
    """Parse the files of the job, in their order."""


class KustomizeWork(Struct, frozen=True, tag="kustomize"):
    """Build the kustomization in `file`, with the Application's edits."""

    file: str
    edits: Edits


class Parameter(Struct, frozen=True):
    """One `--set`, or `--set-string`."""

    name: str
    value: str
    force_string: bool


class HelmWork(Struct, frozen=True, kw_only=True, tag="helm"):
    """Render the chart in the folder `chart`.

    `links` are the folders to copy into the chart before: where to, and from where. All paths are from the root.
    """

    chart: str
    links: dict[str, str]
    release_name: str
    namespace: str
    value_files: tuple[str, ...]
    values: bytes
    parameters: tuple[Parameter, ...]
    parameter_files: dict[str, str]
    skip_crds: bool
    skip_tests: bool
    skip_schema_validation: bool
    kube_version: str
    api_versions: tuple[str, ...]


Work = DirectoryWork | KustomizeWork | HelmWork


class Job(Struct, frozen=True):
    """One rendering: what to do, and every file that it may see. `label` opens messages about it as a whole."""

    label: str
    work: Work
    files: tuple[SourceFile, ...]


class Output(Struct, frozen=True):
    """One object: where it came from, and its JSON."""

    origin: str
    manifest: bytes


class Rendered(Struct, frozen=True, tag="rendered"):
    outputs: tuple[Output, ...]
    ignored: tuple[str, ...] = ()


class Refused(Struct, frozen=True, tag="refused"):
    """The source cannot be rendered, and why."""

    message: str
    reason: str


Answer = Rendered | Refused

_MEMORY_WORDS = ("out of memory", "allocate memory", "MemoryError", "failed to create new OS thread", "pthread_create")


def is_out_of_memory(words: str) -> bool:
    """Whether these are the last words of a process (Go or Python) that got no more memory."""
    return any(word in words for word in _MEMORY_WORDS)


encode = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
decode_answer = _answers.decode
