"""An OCI image as one file: its layers, its configuration, the index (image-spec 1.1).

https://github.com/opencontainers/image-spec: `image-layout.md`, `config.md`, `manifest.md`, `layer.md`.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MOMENT = 315_532_800
"""The time of every file, 1980-01-01: what is the same has the same digest whenever it was built."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Layer:
    """A compressed layer in `file`. Digests are `sha256:…`; `difference` is that of the tar archive itself."""

    file: Path
    digest: str
    difference: str
    size: int


class _Hashing:
    """A file that is written to, and what was written to it."""

    def __init__(self, sink: BinaryIO | gzip.GzipFile) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        self._sink.flush()

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def pack(root: Path, file: Path, *, owner: Callable[[str], int], folder_mode: Callable[[str], int]) -> Layer:
    """Everything below `root` as a layer in `file`; `owner` and `folder_mode` are asked by path relative to it."""
    with file.open("wb") as sink:
        packed = _Hashing(sink)
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0, compresslevel=6) as zipped:
            plain = _Hashing(zipped)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as archive:  # type: ignore[call-overload]
                for path in sorted(root.rglob("*")):
                    _add(archive, path, str(path.relative_to(root)), owner=owner, folder_mode=folder_mode)
    return Layer(file, packed.digest, plain.digest, packed.size)


def _add(
    archive: tarfile.TarFile, path: Path, name: str, *, owner: Callable[[str], int], folder_mode: Callable[[str], int]
) -> None:
    member = archive.gettarinfo(path, name)
    member.uid = member.gid = owner(name)
    member.uname = member.gname = ""
    member.mtime = MOMENT
    if member.isdir():
        member.mode = folder_mode(name)
    if member.isfile():
        member.mode = 0o755 if member.mode & 0o111 else 0o644
        with path.open("rb") as content:
            archive.addfile(member, content)
    else:
        archive.addfile(member)


def configuration(
    layers: Sequence[Layer], *, architecture: str, created: str, comments: Sequence[str], run: dict[str, Any]
) -> dict[str, Any]:
    """The image's configuration; `run` is what an engine starts, `comments` has one line for each layer."""
    return {
        "created": created,
        "architecture": architecture,
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [layer.difference for layer in layers]},
        "history": [{"created": created, "created_by": comment} for comment in comments],
    }


def write(file: Path, layers: Sequence[Layer], config: dict[str, Any], *, name: str) -> str:
    """Write the archive; the image's digest. `name` is that of the image within the archive."""
    configured = _json(config)
    described = [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size} for layer in layers]
    manifest = _json(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": _descriptor(CONFIG, configured), "layers": described}
    )
    named = _descriptor(MANIFEST, manifest) | {"annotations": {"org.opencontainers.image.ref.name": name}}
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".partial")
    with tarfile.open(unfinished, "w") as archive:
        _put(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _put(archive, "index.json", _json({"schemaVersion": 2, "manifests": [named]}))
        for content in (manifest, configured):
            _put(archive, _blob(_descriptor("", content)["digest"]), content)
        for layer in layers:
            with layer.file.open("rb") as stream:
                archive.addfile(_member(_blob(layer.digest), layer.size), stream)
    unfinished.rename(file)
    return str(named["digest"])


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, MOMENT, 0o644
    return member


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
