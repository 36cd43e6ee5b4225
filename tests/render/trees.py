"""Small repositories on disk."""

from pathlib import Path


def repository(tmp_path: Path, files: dict[str, str]) -> Path:
    """The files below a folder of their own, which is returned."""
    root = tmp_path / "repository"
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def chart(path: str, template: str) -> dict[str, str]:
    """A chart with one template."""
    return {
        f"{path}/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        f"{path}/templates/a.yaml": template,
    }
