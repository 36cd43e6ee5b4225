"""`trimtab app create`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from trimtab.cli.applications import Applications, app_of, connected, run
from trimtab.cli.flags import AppFlags, app_flags, gathered
from trimtab.cli.output import echo
from trimtab.cli.source_flags import SourceFlags, pair, source_flags, with_flags
from trimtab.errors import Stalled
from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationSpec,
    Automated,
    Destination,
    Metadata,
    SyncPolicy,
)
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, RESOURCES_FINALIZER, VERSION
from trimtab.model.roundtrip import encode
from trimtab.render.yaml import load_all

API_VERSION = f"{GROUP}/{VERSION}"


class SpecFlags(Struct, frozen=True, kw_only=True):
    """What was given of the Application itself."""

    repo: str
    path: str
    revision: str
    dest_server: str
    dest_name: str
    dest_namespace: str
    project: str
    sync_policy: str
    auto_prune: bool
    self_heal: bool
    allow_empty: bool
    sync_option: tuple[str, ...]
    label: tuple[str, ...]
    set_finalizer: bool


spec_flags = gathered(
    "given",
    SpecFlags,
    click.option("--repo", default="", metavar="URL", help="Git repository."),
    click.option("--path", default="", help="Folder in the repository."),
    click.option("--revision", default="", help="Branch, tag, commit or version range [default: HEAD]."),
    click.option("--dest-server", default="", metavar="URL", help="Cluster, by URL [default: the controller's own]."),
    click.option("--dest-name", default="", help="Cluster, by name."),
    click.option("--dest-namespace", default="", help="Namespace for objects that name none."),
    click.option("--project", default="default", show_default=True, help="Project."),
    click.option("--sync-policy", type=click.Choice(("none", "automated")), default="none", show_default=True),
    click.option("--auto-prune", is_flag=True, help="With auto-sync: delete what Git no longer declares."),
    click.option("--self-heal", is_flag=True, help="With auto-sync: undo what others change."),
    click.option("--allow-empty", is_flag=True, help="With auto-sync: even delete everything."),
    click.option("--sync-option", multiple=True, metavar="NAME=VALUE", help="Sync option; repeatable."),
    click.option("-l", "--label", multiple=True, metavar="NAME=VALUE", help="Label; repeatable."),
    click.option("--set-finalizer", is_flag=True, help="Deleting the Application deletes what it deployed."),
)
"""The options of the Application itself, as the one parameter `given`."""


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path, allow_dash=True), help="Read Applications from YAML.")
@click.option("--upsert", is_flag=True, help="Change the Application if there is one of that name.")
@spec_flags
@source_flags
@app_flags
def create(
    flags: AppFlags,
    name: str | None,
    file: Path | None,
    *,
    upsert: bool,
    given: SpecFlags,
    rendering: SourceFlags,
) -> None:
    """Create an Application from options, or Applications from a file (- is standard input).

    \b
      trimtab app create shop --repo https://git.acme.example/shop.git \\
          --path deploy --dest-namespace shop --sync-policy automated
    """
    if (name is None) == (file is None):
        raise click.UsageError("give either NAME or --file", click.get_current_context())
    wanted = [application(name, given, rendering)] if name else list(_from_file(file or Path("-")))
    run(_create(flags, wanted, upsert=upsert))


async def _create(flags: AppFlags, wanted: list[Manifest], *, upsert: bool) -> None:
    async with connected(flags) as applications:
        for manifest in wanted:
            own = manifest["metadata"]
            metadata = {**own, "namespace": own.get("namespace") or flags.namespace}
            done = await _put(applications, {**manifest, "metadata": metadata}, upsert=upsert)
            echo(f"Application {metadata['namespace']}/{metadata['name']} {done}")


async def _put(applications: Applications, manifest: Manifest, *, upsert: bool) -> str:
    """Create or change the object; says which. Raises Stalled when it is there, differs, and must not be changed."""
    metadata = manifest["metadata"]
    key = AppKey(metadata["namespace"], metadata["name"])
    existing = await applications.find(key)
    if existing is None:
        await applications.create(manifest)
        return "created"
    changed = _over(existing, manifest)
    if changed == existing:
        return "unchanged"
    if not upsert:
        raise Stalled(f"Application {key} exists, and is different; add --upsert to change it", reason="AlreadyExists")
    await applications.replace(changed)
    return "changed"


def _over(existing: Manifest, manifest: Manifest) -> Manifest:
    """The object with the wanted spec; labels, annotations and finalizers are added, never taken away."""
    old, new = existing["metadata"], manifest["metadata"]
    merged = dict(old)
    for name in ("labels", "annotations"):
        if new.get(name):
            merged[name] = {**(old.get(name) or {}), **new[name]}
    if new.get("finalizers"):
        merged["finalizers"] = list(dict.fromkeys([*(old.get("finalizers") or []), *new["finalizers"]]))
    return {**existing, "metadata": merged, "spec": manifest["spec"]}


def application(name: str, given: SpecFlags, rendering: SourceFlags) -> Manifest:
    """The object that the options describe. Raises UsageError where they do not fit together."""
    _check(name, given)
    source = ApplicationSource(repo_url=given.repo, path=given.path, target_revision=given.revision)
    server = given.dest_server or ("" if given.dest_name else IN_CLUSTER_SERVER)
    app = Application(
        api_version=API_VERSION,
        kind="Application",
        metadata=Metadata(
            name=name,
            labels=dict(pair(text, "--label") for text in given.label) or None,
            finalizers=(RESOURCES_FINALIZER,) if given.set_finalizer else (),
        ),
        spec=ApplicationSpec(
            project=given.project,
            source=with_flags(source, rendering),
            destination=Destination(server=server, name=given.dest_name, namespace=given.dest_namespace),
            sync_policy=_policy(given),
        ),
    )
    manifest = encode(app)
    # Argo CD wants the project spelled out, even where it is the default.
    manifest["spec"]["project"] = given.project
    return manifest


def _check(name: str, given: SpecFlags) -> None:
    context = click.get_current_context(silent=True)
    if "/" in name:
        raise click.UsageError(f"{name!r} is no name: name the namespace with -n", context)
    if not given.repo:
        raise click.UsageError("--repo is missing: the Git repository to deploy from", context)
    if given.dest_server and given.dest_name:
        raise click.UsageError("--dest-server and --dest-name name the same thing: give one", context)
    automatic = (
        ("--auto-prune", given.auto_prune),
        ("--self-heal", given.self_heal),
        ("--allow-empty", given.allow_empty),
    )
    for option, on in automatic:
        if on and given.sync_policy != "automated":
            raise click.UsageError(f"{option} is for --sync-policy automated", context)


def _policy(given: SpecFlags) -> SyncPolicy | None:
    policy = SyncPolicy(sync_options=given.sync_option)
    if given.sync_policy == "automated":
        automated = Automated(prune=given.auto_prune, self_heal=given.self_heal, allow_empty=given.allow_empty)
        policy = replace(policy, automated=automated)
    return None if policy == SyncPolicy() else policy


def _from_file(file: Path) -> Iterator[Manifest]:
    """The Applications in a file. Raises Stalled, with the document, for anything else in it."""
    origin = "standard input" if str(file) == "-" else str(file)
    found = False
    for document in load_all(_read(file, origin), origin=origin):
        if document.value is None:
            continue
        found = True
        yield _checked(document.value, f"{origin} document {document.number}")
    if not found:
        raise Stalled(f"{origin} holds no Application")


def _read(file: Path, origin: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Stalled(f"{origin}: {error.strerror}") from error


def _checked(value: object, where: str) -> Manifest:
    if not isinstance(value, dict) or (value.get("apiVersion"), value.get("kind")) != (API_VERSION, "Application"):
        raise Stalled(f"{where} is no Application ({API_VERSION}); only Applications can be created here")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name") or not isinstance(value.get("spec"), dict):
        raise Stalled(f"{where}: an Application needs metadata.name and spec")
    try:
        app_of(value)
    except Stalled as error:
        raise Stalled(f"{where}: {error.message}", reason=error.reason) from error
    return {key: part for key, part in value.items() if key not in ("operation", "status")}
