"""Options that describe a source: how its manifests are to be rendered."""

from collections.abc import Iterable

import click
from msgspec import Struct
from msgspec.structs import replace

from trimtab.cli.flags import gathered
from trimtab.model.application import (
    ApplicationSource,
    DirectorySource,
    HelmParameter,
    HelmSource,
    KustomizeSource,
)


class SourceFlags(Struct, frozen=True, kw_only=True):
    """What was given of Helm, Kustomize and directory options."""

    values: tuple[str, ...]
    helm_set: tuple[str, ...]
    release_name: str
    nameprefix: str
    namesuffix: str
    kustomize_image: tuple[str, ...]
    directory_recurse: bool
    directory_include: str
    directory_exclude: str


source_flags = gathered(
    "rendering",
    SourceFlags,
    click.option("--values", multiple=True, metavar="FILE", help="Helm value file in the repository; repeatable."),
    click.option("--helm-set", multiple=True, metavar="NAME=VALUE", help="Helm parameter; repeatable."),
    click.option("--release-name", default="", help="Helm release name."),
    click.option("--nameprefix", default="", help="Kustomize name prefix."),
    click.option("--namesuffix", default="", help="Kustomize name suffix."),
    click.option("--kustomize-image", multiple=True, metavar="IMAGE", help="Kustomize image override; repeatable."),
    click.option("--directory-recurse", is_flag=True, help="Read the folders below, too."),
    click.option("--directory-include", default="", metavar="GLOB", help="Read only these files."),
    click.option("--directory-exclude", default="", metavar="GLOB", help="Leave these files out."),
)
"""The options of Helm, Kustomize and directories, as the one parameter `rendering`."""


def with_flags(source: ApplicationSource, flags: SourceFlags) -> ApplicationSource:
    """`source` with what was given laid over it. Raises UsageError."""
    helm = source.helm or HelmSource()
    helm = replace(
        helm,
        value_files=flags.values or helm.value_files,
        parameters=(*helm.parameters, *_parameters(flags.helm_set)),
        release_name=flags.release_name or helm.release_name,
    )
    kustomize = source.kustomize or KustomizeSource()
    kustomize = replace(
        kustomize,
        name_prefix=flags.nameprefix or kustomize.name_prefix,
        name_suffix=flags.namesuffix or kustomize.name_suffix,
        images=(*kustomize.images, *flags.kustomize_image),
    )
    directory = source.directory or DirectorySource()
    directory = replace(
        directory,
        recurse=flags.directory_recurse or directory.recurse,
        include=flags.directory_include or directory.include,
        exclude=flags.directory_exclude or directory.exclude,
    )
    given = replace(
        source,
        helm=source.helm if helm == HelmSource() else helm,
        kustomize=source.kustomize if kustomize == KustomizeSource() else kustomize,
        directory=source.directory if directory == DirectorySource() else directory,
    )
    if sum(part is not None for part in (given.helm, given.kustomize, given.directory)) > 1:
        message = "options of Helm, Kustomize and directories exclude each other: give those of one"
        raise click.UsageError(message, click.get_current_context(silent=True))
    return given


def _parameters(given: Iterable[str]) -> Iterable[HelmParameter]:
    for text in given:
        name, value = pair(text, "--helm-set")
        yield HelmParameter(name=name, value=value)


def pair(text: str, option: str) -> tuple[str, str]:
    """`NAME=VALUE` as two. Raises UsageError."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"{option} {text!r}: write NAME=VALUE", click.get_current_context(silent=True))
    return name, value
