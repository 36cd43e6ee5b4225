"""What the store believes of a watch, and what it makes of Applications as they come."""

from typing import Any, cast

import orjson
import pytest

from tests.server.applications.made import NAMESPACE, an_app, observed
from trimtab.access.enforcer import Enforcer, Rules
from trimtab.model.keys import AppKey
from trimtab.model.names import REFRESH
from trimtab.model.observed import Listed, Removed, Upserted
from trimtab.server.applications.body import named, served
from trimtab.server.applications.header import is_in_cluster, version_number
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.applications.stored import rbac_name

NONE = Enforcer(Rules())


@pytest.fixture
def store() -> ApplicationStore:
    return ApplicationStore(cast(Any, None), cast(Any, None), namespace=NAMESPACE, rights=lambda: NONE)


def names(store: ApplicationStore) -> set[str]:
    return {app.name for app in store.catalogue}


def test_what_a_relist_does_not_name_is_gone(store: ApplicationStore) -> None:
    assert store.waiting_for() == ("Application",)
    for event in (Upserted(observed("a", 1)), Upserted(observed("b", 2)), Removed(observed("b", 3))):
        store.take(event)
    store.take(Listed(frozenset({observed("a").key}), "4"))
    assert (names(store), store.resource_version, store.waiting_for()) == ({"a"}, "4", ())
    store.take(Upserted(observed("c", 5)))
    store.take(Listed(frozenset({observed("c").key}), "9"))
    assert (names(store), store.resource_version) == ({"c"}, "9")
    assert [(one.version, one.last.name) for one in store.catalogue.removals] == [(3, "b"), (9, "a")]


def test_the_same_version_again_is_no_change(store: ApplicationStore) -> None:
    heard: list[object] = []
    store.catalogue.listen(lambda before, after: heard.append((before, after)))
    for _ in range(2):
        store.take(Upserted(observed("a", 1)))
    store.take(Removed(observed("never seen", 2)))
    assert len(heard) == 1


def test_made_again_under_the_same_name_is_born_again(store: ApplicationStore) -> None:
    store.catalogue.put(an_app("a", 1))
    store.catalogue.put(an_app("a", 2))
    assert [app.born for app in store.catalogue] == [1]
    store.take(Removed(observed("a", 3)))
    store.take(Upserted(observed("a", 4)))
    assert [app.born for app in store.catalogue] == [4]


def test_the_body_has_what_clients_of_argo_cd_read() -> None:
    raw = observed("a", status={"health": {"status": "Healthy"}}, operation={"sync": {}}).raw
    body = orjson.loads(served(raw))
    assert list(body) == ["metadata", "spec", "status", "operation"]
    assert body["status"]["sync"]["status"] == ""
    assert body["status"]["health"] == {"status": "Healthy"}
    back = orjson.loads(named(served(raw)))
    assert (back["apiVersion"], back["kind"]) == ("argoproj.io/v1alpha1", "Application")
    assert served(b'{"metadata":{},"status":null}').endswith(b'"status":""}}}')


def test_decoded_on_demand() -> None:
    app = an_app("web", spec={"project": "shop"}, unknown={"kept": 1})
    assert app.application().spec.project == "shop"
    assert app.manifest()["unknown"] == {"kept": 1}
    assert (app.rbac_name(NAMESPACE), app.rbac_name("other")) == ("shop/web", f"shop/{NAMESPACE}/web")
    assert rbac_name("p", AppKey("ns", "a"), "ns") == "p/a"


def test_a_header_says_what_lists_ask() -> None:
    sources = [{"repoURL": "https://a"}, {"chart": "b"}]
    spec = {"sources": sources, "syncPolicy": {"automated": {"enabled": False}}, "destination": {"name": "in-cluster"}}
    header = an_app("web", annotations={REFRESH: "hard"}, spec=spec).header
    assert (header.repos, header.automated, header.refresh_asked) == (("https://a", ""), False, True)
    assert is_in_cluster(header, "https://kubernetes.default.svc")
    assert not is_in_cluster(header, "west")
    assert an_app("web", spec={"syncPolicy": {"automated": {}}}).header.automated


def test_what_no_schema_would_let_in_is_served_and_says_nothing() -> None:
    app = an_app("odd", spec={"sources": "none", "destination": 7}, status="fine")
    assert (app.header.project, app.header.repos, app.header.health) == ("default", (), "")
    assert orjson.loads(app.body)["spec"]["destination"] == 7


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("", 0), ("x", 0), ("-1", 0), ("1" * 30, 0), ("²", 0)])
def test_versions(text: str, number: int) -> None:
    assert version_number(text) == number
