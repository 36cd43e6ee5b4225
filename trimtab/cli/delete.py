"""`trimtab delete`: taking out of the repository what was declared."""

from collections.abc import Iterator

import click

from trimtab.cli.apply import CheckoutFlags, checkout_flags, read_flags
from trimtab.cli.checkout import Checkout
from trimtab.cli.declared import neighbours, objects_of, tools_of, tree_of
from trimtab.cli.file_plan import carry_out, outcome, say, show, show_files
from trimtab.cli.output import echo
from trimtab.cli.words import counted
from trimtab.declare.declaration import LABEL
from trimtab.declare.place import Place, overlay_of
from trimtab.declare.removal import Removal, plan_cascade, plan_removal
from trimtab.environment.fields import like
from trimtab.model.keys import Manifest
from trimtab.model.options import object_options


@click.group()
def delete() -> None:
    """Take what is declared out of a checkout of the repository."""


@delete.command()
@click.argument("name")
@click.option("--cascade", is_flag=True, help="Have what runs deleted, too. Takes two commits, and two runs.")
@checkout_flags
@click.pass_context
def application(ctx: click.Context, /, flags: CheckoutFlags, name: str, *, cascade: bool) -> None:
    """Remove the files of application NAME from one environment. Shows first what goes, and what stays.

    Its namespace stays, and so does the base while other environments use it. What runs in the cluster stays, too,
    unless its Application says otherwise. Ends with 1 with --dry-run.
    """
    if wrong := like(LABEL, "is no application's name")(name):
        raise click.UsageError(f"{name!r} {wrong}")
    place, checkout = read_flags(flags, name)
    tree, tools = tree_of(checkout, name, place, strict=True), tools_of(checkout)
    removal = plan_removal(name, place, tree, tools, uncommitted=checkout.uncommitted(sorted(tree.files)))
    first = plan_cascade(name, place, tree, tools) if cascade else None
    if first:
        show(first)
        plan, done = first, "Written. Commit and push it; once it is synced, run this again."
    else:
        show_files(removal.plan)
        plan, done = removal.plan, "Removed. Commit and push it to have it in force."
    echo()
    for line in _consequences(removal, checkout, name, place, cascades=cascade):
        say(line)
    title = f"Application {name} in environment {place.environment}: {outcome(plan)}"
    if flags.dry_run:
        echo(title)
        ctx.exit(1)
    carry_out(plan, checkout, question=f"{title}. Go on?", yes=flags.yes)
    echo(done)


def _consequences(removal: Removal, checkout: Checkout, name: str, place: Place, *, cascades: bool) -> Iterator[str]:
    objects = objects_of(checkout, name, overlay_of(name, place))
    kept = [one for one in objects if "Delete=false" in object_options(one)]
    if not (removal.cascades or cascades):
        yield f"Left running in the cluster: {_named(objects)}. With --cascade, it is deleted, too."
    else:
        yield f"Deleted from the cluster with its Application: {_named([one for one in objects if one not in kept])}."
        if kept:
            yield f"Left in the cluster, for what is stored there: {_named(kept)}."
    if removal.base_users:
        yield f"The base stays: {', '.join(removal.base_users)} uses it."
    if removal.namespace:
        others = neighbours(checkout, name, place, namespace=removal.namespace)
        shared = f", with {', '.join(others)} in it" if others else ""
        yield f"Namespace {removal.namespace} stays{shared}."


def _named(objects: list[Manifest]) -> str:
    """`2 objects: Service web, Deployment web`."""
    if not objects:
        return "what it deployed"
    names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in objects)
    return f"{counted(len(objects), 'object')}: {names}"
