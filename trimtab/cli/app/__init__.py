"""`trimtab app`: one file per verb, and the table of them."""

import click

from trimtab.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "list": Lazy("trimtab.cli.app.list:list_", "List Applications with their sync and health status."),
    "get": Lazy("trimtab.cli.app.get:get", "Show one Application with its objects."),
    "create": Lazy("trimtab.cli.app.create:create", "Create an Application from options or a file."),
    "diff": Lazy("trimtab.cli.app.diff:diff", "Show how the cluster differs from Git."),
    "manifests": Lazy(
        "trimtab.cli.app.manifests:manifests", "Print the manifests that Git declares, or that are live."
    ),
    "sync": Lazy("trimtab.cli.app.sync:sync", "Make the cluster what Git declares."),
    "wait": Lazy("trimtab.cli.app.wait:wait", "Wait until an Application is synced and healthy."),
    "history": Lazy("trimtab.cli.app.history:history", "List what was deployed, and when."),
    "rollback": Lazy("trimtab.cli.app.rollback:rollback", "Deploy again what was deployed before."),
    "delete": Lazy("trimtab.cli.app.delete:delete", "Delete an Application, and what it deployed."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def app() -> None:
    """Work with Applications, in the cluster or through a server."""
