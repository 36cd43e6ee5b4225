"""The table of everything that the server answers: a new noun is a line here."""

from collections.abc import Iterable
from itertools import chain

from trimtab.server import badge, health, metrics
from trimtab.server.api import (
    account,
    actions,
    application_operations,
    applications_read,
    applications_write,
    certificates,
    clusters,
    gpgkeys,
    logs,
    manifests,
    not_yet,
    notifications,
    project_roles,
    project_views,
    projects,
    repocreds,
    repositories,
    repository_contents,
    resources,
    session,
    settings,
    version,
)
from trimtab.server.auth import login
from trimtab.server.openapi import describing
from trimtab.server.operation import AnyOperation
from trimtab.server.web import pages
from trimtab.server.webhook import receive

NOUNS: tuple[Iterable[AnyOperation], ...] = (
    health.OPERATIONS,
    pages.OPERATIONS,
    version.OPERATIONS,
    session.OPERATIONS,
    login.OPERATIONS,
    applications_read.OPERATIONS,
    applications_write.OPERATIONS,
    application_operations.OPERATIONS,
    resources.OPERATIONS,
    manifests.OPERATIONS,
    logs.OPERATIONS,
    actions.OPERATIONS,
    account.OPERATIONS,
    settings.OPERATIONS,
    certificates.OPERATIONS,
    clusters.OPERATIONS,
    gpgkeys.OPERATIONS,
    notifications.OPERATIONS,
    repositories.OPERATIONS,
    repository_contents.OPERATIONS,
    repocreds.OPERATIONS,
    projects.OPERATIONS,
    project_views.OPERATIONS,
    project_roles.OPERATIONS,
    not_yet.OPERATIONS,
    receive.OPERATIONS,
    badge.OPERATIONS,
    metrics.OPERATIONS,
)

_LISTED = tuple(chain.from_iterable(NOUNS))
OPERATIONS: tuple[AnyOperation, ...] = (*_LISTED, *describing(_LISTED))
