"""A folder on disk as the source of an application."""

from pathlib import Path

from msgspec.structs import replace

from trimtab.errors import Stalled
from trimtab.model.application import Application, ApplicationSource
from trimtab.render import DirectoryTree


def folder_at(path: Path, app: Application) -> tuple[DirectoryTree, Application]:
    """The repository (or plain folder) that `path` is in, and `app` with `path` as its only source.

    How the first source is rendered stays as `app` says. Raises Stalled where there is no such folder.
    """
    if not path.is_dir():
        what = "is a file; name the folder it is in" if path.exists() else "there is no such folder"
        raise Stalled(f"{path}: {what}", reason="PathNotFound")
    folder = path.resolve()
    root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
    inside = folder.relative_to(root).as_posix()
    known = app.spec.all_sources()
    source = known[0] if known else ApplicationSource(repo_url=root.as_uri())
    source = replace(source, path="" if inside == "." else inside, chart="", ref="")
    return DirectoryTree(root), replace(app, spec=replace(app.spec, source=source, sources=()))
