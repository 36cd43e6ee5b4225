"""What a checkout holds of an application, and who else uses it."""

import tempfile
from pathlib import Path
from typing import Any

from trimtab.cli.applications import run
from trimtab.cli.checkout import Checkout
from trimtab.declare.change import SUFFIX
from trimtab.declare.place import APPLICATIONS, Place, application_of, base_of, namespace_of, overlay_of
from trimtab.declare.plan import Tools, Tree
from trimtab.declare.users import KUSTOMIZATIONS, deploys_base, deploys_to, uses_base
from trimtab.errors import Stalled, TrimtabError
from trimtab.model.application import ApplicationSource
from trimtab.model.keys import Manifest
from trimtab.render import DirectoryTree, Rendering, RenderRequest, Workshop, render
from trimtab.render.yaml import YamlError, dump, load
from trimtab.render.yaml_lines import load_located
from trimtab.source.process import GitFailed, run_git

MERGE_TIMEOUT = 60.0
_CONFLICTS = 128
"""From here on, git's exit code is no number of conflicts."""


def tools_of(checkout: Checkout) -> Tools:
    """YAML as kubectl reads it, `git merge-file`, and the checkout's Git."""
    return Tools(dump=dump, load=lambda text, origin: load(text, origin=origin), merge=merged, stored=checkout.stored)


def tree_of(checkout: Checkout, app: str, place: Place, *, namespace: str = "", strict: bool = False) -> Tree:
    """What there is of an application, and who else uses its base.

    Links and what is no text are left out; `strict`: they raise Stalled. None of them is ever written over.
    """
    application = application_of(app, place)
    single = [application, application + SUFFIX, *([namespace_of(namespace, place)] if namespace else [])]
    files = {path: text for path in single if (text := checkout.read(path)) is not None}
    for folder in (base_of(app, place), overlay_of(app, place)):
        files |= checkout.below(folder, strict=strict)
    return Tree(files, tuple(_users(checkout, app, place)))


def neighbours(checkout: Checkout, app: str, place: Place, *, namespace: str) -> list[str]:
    """The other applications of the environment in that namespace, by name."""
    folder = f"{place.folder}/{place.environment}/argocd/applications"
    return [
        str(value["metadata"]["name"])
        for path in checkout.paths(folder)
        if not path.endswith(f"/{app}.yaml")
        and deploys_to(value := _value(checkout, path), namespace=namespace)
        and isinstance(value.get("metadata"), dict)
    ]


def objects_of(checkout: Checkout, app: str, overlay: str) -> list[Manifest]:
    """What an overlay renders to; nothing where it does not render."""
    source = ApplicationSource(repo_url=checkout.root.as_uri(), path=overlay)
    try:
        rendering = run(_rendered(DirectoryTree(checkout.root), RenderRequest(source=source, app_name=app)))
    except TrimtabError:
        return []
    return [target.manifest for target in rendering.targets]


async def _rendered(tree: DirectoryTree, request: RenderRequest) -> Rendering:
    async with Workshop() as workshop:
        return await render(tree, request, workshop=workshop)


def merged(now: str, old: str, new: str) -> str | None:
    """`git merge-file`; None where the two contradict each other, or together are no YAML."""
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder:
        paths = [Path(folder) / name for name in ("now", "old", "new")]
        for path, text in zip(paths, (now, old, new), strict=True):
            path.write_text(text, newline="")
        try:
            together = run(run_git(["merge-file", "-p", "-q", *map(str, paths)], deadline=MERGE_TIMEOUT))
        except GitFailed as error:
            if error.code >= _CONFLICTS or error.code < 0:
                raise Stalled(f"git merge-file ended with {error.code}: {error.stderr}") from error
            return None
        except FileNotFoundError as error:
            raise Stalled("Git is not installed: install the package git") from error
    try:
        located = load_located(together, origin="merged")
    except YamlError:
        return None
    return None if located.duplicates else together


def _users(checkout: Checkout, app: str, place: Place) -> list[str]:
    """Kustomizations and Applications of others that use the base; beside it, what cannot be read counts as one."""
    base, shared = base_of(app, place), f"{place.folder}/{APPLICATIONS}/{app}"
    own = (f"{base}/", f"{overlay_of(app, place)}/", f"{place.folder}/{place.environment}/")
    links = [path for path in checkout.paths(shared) if checkout.is_link(path)]
    used = [
        path
        for path in checkout.everywhere(KUSTOMIZATIONS)
        if uses_base(path, _value(checkout, path), base=base, unread=path.startswith(f"{shared}/"))
    ]
    deployed = [
        path
        for environment in checkout.folders(place.folder)
        for path in checkout.paths(f"{place.folder}/{environment}/argocd/applications")
        if deploys_base(_value(checkout, path), base=base)
    ]
    return sorted({path for path in (*used, *links, *deployed) if not path.startswith(own)})


def _value(checkout: Checkout, path: str) -> Any:
    """The value of a YAML file; None for what cannot be read."""
    try:
        return load(checkout.read(path) or "", origin=path)
    except TrimtabError:
        return None
