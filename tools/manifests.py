"""Writes what is made from `trimtab/manifests/`: the Kustomize base and the Helm chart. `make manifests` calls it."""

from pathlib import Path

from tools.chart import chart
from tools.edits import edited
from trimtab.manifests import FILES
from trimtab.manifests.options import IMAGE
from trimtab.model.crds import crds
from trimtab.render.yaml import dump

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "trimtab/manifests"
DEPLOY = ROOT / "deploy"
HEADER = "# Made by `make manifests`.\n"


def generated() -> dict[Path, str]:
    """What each generated file holds."""
    files = {DEPLOY / name: text for name, text in base().items()}
    files |= {DEPLOY / "chart/trimtab" / name: text for name, text in chart(SOURCE).items()}
    return {path: HEADER + text for path, text in files.items()}


def base() -> dict[str, str]:
    """The Kustomize base: the files as they stand, which keeps their comments."""
    contents = {name: (SOURCE / name).read_text() for name in FILES}
    contents["workload.yaml"] = edited(contents["workload.yaml"], {"image: trimtab\n": f"image: {IMAGE}\n"})
    contents["crds.yaml"] = "---\n".join(dump(manifest) for manifest in crds())
    resources = "".join(f"- {name}\n" for name in contents)
    contents["kustomization.yaml"] = (
        "# `kubectl apply --server-side -k deploy`: all that `trimtab serve` needs in a cluster.\n"
        f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}"
    )
    return contents


def main() -> None:
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
