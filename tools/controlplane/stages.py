"""What kwok, the kubelet's stand-in, is told to do with Nodes and Pods.

kwok's own stages make a Pod Ready, complete a Job's Pod and delete at once. Ours (folder `stages/`) let a test choose
another fate by the label `fake.trimtab.dev/pod` in the Pod template:

| value | what the Pod does |
|---|---|
| `slow` | becomes Ready after the duration in annotation `fake.trimtab.dev/ready-after` (default 2s) |
| `crash-loop` | Running, never Ready, its containers waiting in CrashLoopBackOff |
| `image-pull` | Pending for ever, its containers waiting in ImagePullBackOff |
| `fail` | ends as Failed, exit code 1 (for Jobs and bare Pods; a ReplicaSet would replace it without end) |
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.controlplane.errors import DownloadFailed

OURS = Path(__file__).parent / "stages"
KWOKS = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


def store(module: Path, target: Path) -> None:
    """Copy kwok's own stages out of its module's folder, flat. Raises DownloadFailed when one is not there."""
    target.mkdir(parents=True, exist_ok=True)
    for name in KWOKS:
        source = module / "kustomize" / "stage" / name
        if not source.is_file():
            raise DownloadFailed(f"kwok has no stage {name}: was its version changed in parts.py?")
        copy = target / source.name
        shutil.copyfile(source, copy)


def assemble(folders: Sequence[Path]) -> str:
    """Every YAML file of the folders as one multi-document text, in the order of folders and names."""
    files = [file for folder in folders for file in sorted(folder.glob("*.yaml"))]
    return "---\n".join(f"{file.read_text().strip()}\n" for file in files)
