"""kubectl itself as the judge of YAML: what it makes of documents, many at a time, without a server."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from trimtab.render.kustomize import kubectl_path

HEAD = "apiVersion: v1\nkind: Judged\nmetadata:\n  name: a\n"
_MARK = "trimtab-test"


class Refused(Exception):
    """kubectl does not take the text; its own words."""


def objects(text: str) -> list[Any]:
    """The objects that kubectl reads. Each must have apiVersion, kind and name. Raises Refused."""
    done = subprocess.run(
        [kubectl_path(), "annotate", "--local", "-f", "-", "-o", "json", f"{_MARK}=1"],
        input=text.encode(),
        capture_output=True,
        check=False,
        env={"HOME": "/nonexistent"},
    )
    if done.returncode != 0:
        raise Refused(done.stderr.decode())
    return [_unmarked(value) for value in _decoded(done.stdout.decode())]


def bodies(documents: Sequence[str]) -> list[Any]:
    """What kubectl makes of each piece of YAML that stands below a key, in one call. Raises Refused."""
    texts = [HEAD + "body:\n" + "".join(f"  {line}\n" for line in document.split("\n")) for document in documents]
    return [value.get("body") for value in objects("---\n".join(texts))]


def _decoded(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(parse_int=_as_kubernetes), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def _as_kubernetes(digits: str) -> int | float:
    """kubectl writes floats without a point; what does not fit int64 was one."""
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else float(digits)


def _unmarked(value: Any) -> Any:
    annotations = value["metadata"]["annotations"]
    del annotations[_MARK]
    if not annotations:
        del value["metadata"]["annotations"]
    return value
