"""The steps of set-up, in their order: a file each."""

from trimtab.setup.step import Step
from trimtab.setup.steps import (
    access,
    app,
    applications,
    cluster,
    deliveries,
    folders,
    github,
    host_keys,
    ingress,
    install,
    login,
    outside,
    webhook,
)

STEPS: tuple[Step, ...] = (
    Step("cluster", cluster.TITLE, cluster.look, cluster.act),
    Step("github", "GitHub", github.look),
    Step("app", "GitHub App", app.look, app.act, applies=app.applies),
    Step("hostKeys", "Host keys of GitHub", host_keys.look, host_keys.act, applies=host_keys.applies),
    Step("access", "Access to the repository", access.look, access.act),
    Step("login", "Login", login.look, login.act),
    Step("install", "Installation", install.look, install.act),
    Step("folders", "Folders in the repository", folders.look, folders.act, applies=folders.applies),
    Step("applications", "Applications", applications.look, applications.act),
    Step("ingress", "Ingress", ingress.look, ingress.act),
    Step("outside", "Seen from outside", outside.look, outside.act),
    Step("webhook", "Webhook", webhook.look, webhook.act),
    Step("deliveries", "First deliveries", deliveries.look, deliveries.act, applies=deliveries.applies),
)
"""What comes first, others need. Nothing is written before every look has succeeded."""
