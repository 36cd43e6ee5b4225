"""The bill of materials in the image: valid, and of all that is there."""

import importlib.resources
import json
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from packageurl import PackageURL

from tools.image import layout
from trimtab import __version__

SCHEMAS = importlib.resources.files("cyclonedx.schema") / "_res"
WITHOUT_LICENCE_FILE: set[str] = set()
"""Python packages whose wheels hold no text of their licence; their metadata name it."""


@pytest.fixture(scope="module")
def document(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / layout.SBOM).read_bytes())
    return found


def _of(document: dict[str, Any], kind: str) -> dict[str, str]:
    """Name → version of the components of that package type."""
    found = [PackageURL.from_string(component["purl"]) for component in document["components"]]
    return {url.name: url.version or "" for url in found if url.type == kind}


def test_it_is_valid_cyclonedx(document: dict[str, Any]) -> None:
    names = ("bom-1.6", "spdx", "jsf-0.82")
    files = [f"{name}.SNAPSHOT.schema.json" for name in names]
    schema, *others = (json.loads((SCHEMAS / name).read_text()) for name in files)
    where = schema["$id"].rpartition("/")[0]
    registry = jsonschema_rs.Registry(
        [(f"{where}/{name}", other) for name, other in zip(files[1:], others, strict=True)]
    )
    validator = jsonschema_rs.validator_for(schema, registry=registry, validate_formats=True)
    assert [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(document)
    ] == []
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references))
    assert document["metadata"]["component"]["version"] == __version__


def test_it_names_what_dpkg_names(document: dict[str, Any], root: Path) -> None:
    query = ["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "--show", "--showformat=${Package} ${Version}\\n"]
    listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    assert _of(document, "deb") == dict(line.split() for line in listed)
    assert "libc6" in _of(document, "deb")


def test_it_names_what_python_names(document: dict[str, Any], root: Path) -> None:
    there = {
        one.name.lower().replace("_", "-"): one.version for one in distributions(path=[str(root / layout.LIBRARY)])
    }
    assert _of(document, "pypi") == there
    assert there["trimtab"] == __version__


def test_it_names_what_is_compiled_into_programs(document: dict[str, Any]) -> None:
    modules = _of(document, "golang")
    assert {"helm", "kubectl", "stdlib"} <= {name if not name.startswith("v") else "helm" for name in modules}


def test_licences_are_named_and_there(document: dict[str, Any], root: Path) -> None:
    packages = [one for one in document["components"] if not one["purl"].startswith("pkg:golang/")]
    assert [one["name"] for one in packages if not one.get("licenses")] == []
    assert [name for name in _of(document, "deb") if not (root / f"usr/share/doc/{name}/copyright").is_file()] == []
    words = ("licen", "copying", "notice")
    without = {
        one.name
        for one in distributions(path=[str(root / layout.LIBRARY)])
        if not any(word in path.name.lower() for path in _metadata(root, one.name).rglob("*") for word in words)
    }
    assert without == WITHOUT_LICENCE_FILE


def _metadata(root: Path, name: str) -> Path:
    folders = (root / layout.LIBRARY).glob("*.dist-info")
    return next(path for path in folders if path.name.lower().startswith(f"{name.lower().replace('-', '_')}-"))
