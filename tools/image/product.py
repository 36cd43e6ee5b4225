"""Trimtab itself as an installed Python package, without a build tool: its files, its program, its metadata."""

import shutil
import tomllib
from pathlib import Path

from tools.image import layout, python, tree
from trimtab import __version__

ROOT = Path(__file__).parents[2]


def stage(root: Path, *, base: Path) -> None:
    """Write it below `root`; `base` has the Python that compiles it."""
    target = root / layout.LIBRARY / "trimtab"
    shutil.copytree(ROOT / "trimtab", target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    tree.write(root, f"{layout.SCRIPTS}/{layout.PROGRAM}", layout.SCRIPT)
    information = f"{layout.LIBRARY}/trimtab-{__version__}.dist-info"
    licence = (ROOT / "LICENSE").read_bytes()
    tree.write(root, f"{information}/METADATA", _metadata())
    tree.write(root, f"{information}/entry_points.txt", f"[console_scripts]\n{layout.PROGRAM} = trimtab.main:main\n")
    for name in (f"{information}/licenses/LICENSE", f"{layout.DOCUMENTS}/copyright"):
        tree.write(root, name, licence)
    python.precompile(target, root, base=base)


def _metadata() -> str:
    """The core metadata (2.4) that pyproject.toml implies; what it requires is in the image, by requirements.lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    fields = [
        ("Metadata-Version", "2.4"),
        ("Name", project["name"]),
        ("Version", __version__),
        ("Summary", project["description"]),
        ("License-Expression", project["license"]),
        ("License-File", "LICENSE"),
        ("Requires-Python", project["requires-python"]),
        *(("Requires-Dist", requirement) for requirement in project["dependencies"]),
    ]
    return "".join(f"{name}: {value}\n" for name, value in fields)
