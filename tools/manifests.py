"""Writes what is made from `trimtab/manifests/`: the Kustomize base `deploy/`. `make manifests` calls it."""

import json
from collections.abc import Mapping
from pathlib import Path

from trimtab.manifests import FILES
from trimtab.manifests.options import IMAGE
from trimtab.model.crds import crds
from trimtab.render.yaml import dump

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "trimtab/manifests"
BASE = ROOT / "deploy"
CRDS = "crds.yaml"


def generated() -> dict[Path, str]:
    """What each generated file holds."""
    return base()


def base() -> dict[Path, str]:
    """The Kustomize base: the files as they stand, which keeps their comments."""
    contents = {name: (SOURCE / name).read_text() for name in FILES}
    contents["workload.yaml"] = edited(contents["workload.yaml"], {"image: trimtab\n": f"image: {IMAGE}\n"})
    contents[CRDS] = "---\n".join(dump(manifest) for manifest in crds())
    resources = "".join(f"- {name}\n" for name in contents)
    contents["kustomization.yaml"] = (
        "# `kubectl apply --server-side -k deploy`: all that `trimtab serve` needs in a cluster.\n"
        f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}"
    )
    return {BASE / name: f"# Made by `make manifests`.\n{text}" for name, text in contents.items()}


def edited(text: str, edits: Mapping[str, str]) -> str:
    """`text` with each key, which is in it once, replaced. Raises ValueError where one is not."""
    for old, new in edits.items():
        if text.count(old) != 1:
            raise ValueError(f"{json.dumps(old)} is in the source {text.count(old)} times instead of once")
        text = text.replace(old, new)
    return text


def main() -> None:
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
