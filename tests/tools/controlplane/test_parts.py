"""The table of programs and the name of their cache folder."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from tools.controlplane.build import compile_command
from tools.controlplane.parts import KUBERNETES, MODULES, PARTS, Part, cache_key


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A copy of the module files that a test may change."""
    return shutil.copytree(MODULES, tmp_path / "modules")


def test_the_key_is_the_same_for_the_same_files(modules: Path) -> None:
    assert cache_key(PARTS, modules) == cache_key()


@pytest.mark.parametrize("module", sorted({part.module for part in PARTS}))
@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_key_changes_with_every_module_file(modules: Path, module: str, name: str) -> None:
    with (modules / module / name).open("a") as file:
        file.write("\n")
    assert cache_key(PARTS, modules) != cache_key()


def test_the_key_changes_with_a_version_and_a_stamp_but_not_with_a_guess_of_time() -> None:
    first, *rest = PARTS
    assert cache_key((dataclasses.replace(first, seconds=1), *rest)) == cache_key()
    for changed in (dataclasses.replace(first, version="v0"), dataclasses.replace(first, stamp=())):
        assert cache_key((changed, *rest)) != cache_key()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_module_file_requires_the_version_of_the_table(part: Part) -> None:
    versions = required((MODULES / part.module / "go.mod").read_text())
    module = max((path for path in versions if part.package.startswith(path)), key=len)
    assert versions[module] == part.version


def test_staging_modules_have_the_version_of_kubernetes() -> None:
    replaced = {text.split()[-1] for text in (MODULES / "kubernetes/go.mod").read_text().splitlines() if "=>" in text}
    assert replaced == {KUBERNETES.replace("v1.", "v0.")}


def test_a_release_build_is_asked_for() -> None:
    command = [str(word) for word in compile_command(PARTS[0], Path("go"), Path("out"))]
    flags = command[command.index("-ldflags") + 1]
    assert f"-X k8s.io/component-base/version.gitVersion={KUBERNETES} " in flags
    assert command[-3:] == ["-o", "out", "k8s.io/kubernetes/cmd/kube-apiserver"]


def required(text: str) -> dict[str, str]:
    """The `require` lines of a module file."""
    words = [text.split() for text in text.splitlines() if text.startswith("require ")]
    return {path: version for _, path, version in words}
