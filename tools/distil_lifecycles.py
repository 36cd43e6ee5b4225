"""Distil when versions of Kubernetes' kinds were deprecated and end into `trimtab/environment/lifecycles.py`.

    cd "$(go env GOMODCACHE)"/k8s.io
    python -m tools.distil_lifecycles api@v0.36.3 apiextensions-apiserver@v0.36.3 kube-aggregator@v0.36.3

The source is what Kubernetes' own API server warns by: the `APILifecycle…` functions in these modules, which are made
of the tags in its types. Stable versions without an end have none. A replacement is an apiVersion, with its kind where
that is another.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parent.parent / "trimtab" / "environment" / "lifecycles.py"
FILE = "zz_generated.prerelease-lifecycle.go"
_NUMBER = re.compile(
    r"func \(in \*(?P<kind>\w+)\) APILifecycle(?P<what>Deprecated|Removed)\(\) .*\n\s*return 1, (?P<minor>\d+)"
)
_REPLACEMENT = re.compile(
    r"func \(in \*(?P<kind>\w+)\) APILifecycleReplacement\(\) .*\n"
    r'\s*return schema\.GroupVersionKind\{Group: "(?P<group>[^"]*)", Version: "(?P<version>[^"]+)", '
    r'Kind: "(?P<new>\w+)"'
)
_GROUP = re.compile(r'GroupName = "([^"]*)"')
_HAND = (
    # Gone from the modules: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2"),
    ("policy/v1beta1", "PodSecurityPolicy", 21, 25, ""),
    # Warned about by the API server in another way.
    ("v1", "ComponentStatus", 19, 0, ""),
    ("v1", "Endpoints", 33, 0, "discovery.k8s.io/v1 EndpointSlice"),
)
Row = tuple[str, str, int, int, str]
HEAD = '''"""When versions of Kubernetes' kinds were deprecated and end. Made by `tools/distil_lifecycles.py`."""

LIFECYCLES: tuple[tuple[str, str, int, int, str], ...] = (
'''


def rows(folder: Path) -> Iterator[Row]:
    """(apiVersion, kind, deprecated in 1.N, removed in 1.N, what replaces it) of one package of types."""
    text = (folder / FILE).read_text()
    found = _GROUP.search((folder / "register.go").read_text())
    assert found, folder
    api_version = f"{found[1]}/{folder.name}".lstrip("/")
    minors = {(one["kind"], one["what"]): int(one["minor"]) for one in _NUMBER.finditer(text)}
    replaced = {
        one["kind"]: f"{one['group']}/{one['version']}".lstrip("/")
        + (f" {one['new']}" if one["new"] != one["kind"] else "")
        for one in _REPLACEMENT.finditer(text)
    }
    for kind in sorted({kind for kind, _ in minors}):
        if not kind.endswith(("List", "Options")):
            deprecated, removed = minors.get((kind, "Deprecated"), 0), minors.get((kind, "Removed"), 0)
            yield api_version, kind, deprecated, removed, replaced.get(kind, "")


def main(modules: list[str]) -> None:
    """Write the table anew."""
    folders = sorted(file.parent for module in modules for file in Path(module).rglob(FILE))
    table = sorted([*_HAND, *(row for folder in folders for row in rows(folder))])
    lines = "".join(f"    {row!r},\n".replace("'", '"') for row in table)
    TARGET.write_text(f"{HEAD}{lines})\n")


if __name__ == "__main__":
    main(sys.argv[1:])
