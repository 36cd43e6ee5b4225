"""What is in the image, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/)."""

import json
import uuid
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.image import layout, licences
from tools.image.debian import Deb
from tools.image.golang import Program

Component = dict[str, Any]


def of_debian(debs: Sequence[Deb], root: Path) -> list[Component]:
    """A component for each package; its licences are those of its copyright file below `root`."""
    return [_debian(deb, root) for deb in debs]


def _debian(deb: Deb, root: Path) -> Component:
    control = deb.control
    where = f"/usr/share/doc/{deb.name}/copyright"
    source = control.get("Source", deb.name).partition(" ")[0]
    purl = (
        f"pkg:deb/debian/{deb.name}@{quote(control['Version'], safe='')}"
        f"?arch={control['Architecture']}&distro={layout.SUITE}&upstream={quote(source, safe='')}"
    )
    names = licences.of_debian((root / where[1:]).read_text(errors="replace"), where=where)
    hashes = [{"alg": "SHA-256", "content": deb.sha256}]
    return _component(deb.name, control["Version"], purl=purl) | _named(names) | {"hashes": hashes}


def of_python(library: Path) -> list[Component]:
    """A component for each package that is installed in a folder."""
    found = sorted(distributions(path=[str(library)]), key=lambda one: one.name.lower())
    return [_python(distribution) for distribution in found]


def _python(distribution: Distribution) -> Component:
    purl = f"pkg:pypi/{distribution.name.lower().replace('_', '-')}@{distribution.version}"
    names = licences.of_python(distribution.metadata)
    is_expression = "License-Expression" in distribution.metadata
    stands = {"licenses": [{"expression": names[0]}]} if is_expression else _named(names)
    return _component(distribution.name, distribution.version, purl=purl) | stands


def of_go(program: Program) -> list[Component]:
    """A component for each module that was compiled into a program of a Python package."""
    origin = {"properties": [{"name": "trimtab:within", "value": f"/{program.name}"}]}
    return [
        _component(path, version, purl=f"pkg:golang/{path}@{quote(version, safe='')}", within=program.name) | origin
        for path, version in program.modules
    ]


def document(components: Sequence[Component], *, version: str, created: str, architecture: str) -> bytes:
    """The whole as JSON. `created`: RFC 3339. The serial number follows from the content."""
    subject = {
        "type": "container",
        "bom-ref": "trimtab",
        "name": "trimtab",
        "version": version,
        "licenses": [{"license": {"id": layout.LABELS["org.opencontainers.image.licenses"]}}],
        "properties": [{"name": "trimtab:architecture", "value": architecture}],
    }
    content = {"metadata": {"timestamp": created, "component": subject}, "components": list(components)}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    return json.dumps(head | content, indent=1, ensure_ascii=False).encode() + b"\n"


def _component(name: str, version: str, *, purl: str, within: str = "") -> Component:
    reference = f"{purl}#{within}" if within else purl
    return {"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": purl}


def _named(names: Sequence[str]) -> Component:
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}
