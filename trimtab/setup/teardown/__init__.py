"""Set-up reversed: the same steps that look first and act then. What others use stays, and is named."""

from trimtab.setup.step import Step
from trimtab.setup.teardown import app, applications, cluster, folders, github, namespace

STEPS: tuple[Step, ...] = (
    Step("applications", "Applications", applications.look, applications.act),
    Step("github", "GitHub", github.look, github.act),
    Step("folders", "Folders in the repository", folders.look, folders.act, applies=folders.applies),
    Step("app", "GitHub App", app.look, app.act, applies=app.applies),
    Step("cluster", "Cluster", cluster.look, cluster.act),
    Step("namespace", "Namespace", namespace.look, namespace.act),
)
"""Deployments first, while the controller is there; what gives access to GitHub late; the record of it all last."""
