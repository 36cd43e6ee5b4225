"""Layers are the same whenever and wherever they are packed."""

import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path

from tools.image import oci, tree
from tools.image.oci import Layer


def a_layer(folder: Path, *, at: int) -> Layer:
    root = folder / "root"
    (root / "cache").mkdir(parents=True)
    for name in ("b", "a"):
        (root / name).write_text(name)
        os.utime(root / name, (at, at))
    (root / "link").symlink_to("a")
    return oci.pack(root, folder / "layer", owner=lambda name: 999 * (name == "cache"), folder_mode=lambda _: 0o700)


def test_time_and_order_of_writing_leave_no_trace(tmp_path: Path) -> None:
    one, two = a_layer(tmp_path / "one", at=1), a_layer(tmp_path / "two", at=2)
    assert (one.digest, one.difference, one.size) == (two.digest, two.difference, two.size)
    content = one.file.read_bytes()
    assert one.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert one.difference == f"sha256:{hashlib.sha256(gzip.decompress(content)).hexdigest()}"
    with tarfile.open(one.file) as archive:
        members = {member.name: (member.uid, member.mode & 0o777) for member in archive if not member.issym()}
    assert members == {"a": (0, 0o644), "b": (0, 0o644), "cache": (999, 0o700)}


def test_an_archive_holds_what_its_index_names(tmp_path: Path) -> None:
    layer = a_layer(tmp_path / "one", at=1)
    config = oci.configuration(
        [layer], architecture="amd64", created="2026-01-01T00:00:00Z", comments=["words"], run={"User": "999:999"}
    )
    digest = oci.write(tmp_path / "image.tar", [layer], config, name="1.2.3")
    with tarfile.open(tmp_path / "image.tar") as archive:
        content = {member.name: archive.extractfile(member) for member in archive}
        held = {name: file.read() for name, file in content.items() if file is not None}
    (named,) = json.loads(held["index.json"])["manifests"]
    assert named["digest"] == digest
    manifest = json.loads(held[f"blobs/{digest.replace(':', '/')}"])
    for descriptor in (named, manifest["config"], *manifest["layers"]):
        blob = held[f"blobs/{descriptor['digest'].replace(':', '/')}"]
        assert len(blob) == descriptor["size"]
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(blob).hexdigest()}"


def test_paths_are_those_of_a_merged_usr_and_what_nobody_needs_is_left_away() -> None:
    assert tree.placed("./bin/sh") == "usr/bin/sh"
    assert tree.placed("./lib/x86_64-linux-gnu/libc.so.6") == "usr/lib/x86_64-linux-gnu/libc.so.6"
    assert tree.placed("./") is None
    assert tree.placed("./usr/share/man/man1/git.1.gz") is None
    assert tree.placed("./usr/share/man/") is None
    assert tree.placed("./usr/share/manual") == "usr/share/manual"


def test_equal_large_files_are_there_once(tmp_path: Path) -> None:
    for name in ("lib.so", "lib.so.0"):
        (tmp_path / "usr").mkdir(exist_ok=True)
        (tmp_path / "usr" / name).write_bytes(b"x" * tree.SAME_FROM)
    tree.tidy(tmp_path)
    assert (tmp_path / "usr/lib.so.0").readlink() == Path("lib.so")
    assert (tmp_path / "usr/lib.so").is_file()
