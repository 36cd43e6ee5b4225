"""Declarations and places for tests, and a checkout in memory."""

from typing import Any

from hypothesis import strategies as st

from trimtab.declare.declaration import Amounts, Declaration, Resources, SecretKey, Volume
from trimtab.declare.place import APPLICATIONS, Place
from trimtab.declare.plan import Plan, Tools, Tree, plan_application
from trimtab.declare.removal import Removal, plan_removal
from trimtab.render.yaml import dump, load

REPOSITORY = "git@github.com:acme/infrastructure.git"
WORDS = st.sampled_from(("x", "yes", "8080", "a b", "", 'quo"te', "two\nlines\n", "ünï", "$(A)"))
SIZES = st.sampled_from(("64Mi", "128Mi", "1Gi", "500m", "1"))


def a_declaration(**fields: Any) -> Declaration:
    """web, in namespace shop, at port 8080."""
    given: dict[str, Any] = {"name": "web", "namespace": "shop", "image": "ghcr.io/acme/web:1.0.0", "port": 8080}
    return Declaration(api_version="trimtab.dev/v1alpha1", kind="ApplicationDeclaration", **{**given, **fields})


def a_place(environment: str = "production", **fields: Any) -> Place:
    given: dict[str, Any] = {
        "repository": "git@github.com:acme/infrastructure.git",
        "branch": "main",
        "folder": "infra",
    }
    return Place(environment=environment, **{**given, **fields})


def _volumes() -> st.SearchStrategy[tuple[Volume, ...]]:
    one = st.builds(
        Volume,
        name=st.sampled_from(("data", "cache", "data-patch")),
        path=st.sampled_from(("/data", "/var/cache", "/x")),
        size=st.sampled_from(("1Gi", "2Gi")),
        access=st.sampled_from(("ReadWriteOnce", "ReadWriteMany")),
        storage_class=st.sampled_from(("", "fast")),
    )
    unique = (lambda volume: volume.name, lambda volume: volume.path)
    return st.lists(one, max_size=3, unique_by=unique).map(tuple)


def declarations(name: str = "web") -> st.SearchStrategy[Declaration]:
    """All that can be declared of one application."""
    amounts = st.builds(Amounts, cpu=st.sampled_from(("", "50m")), memory=SIZES | st.just(""))
    variables = st.dictionaries(
        st.sampled_from(("A", "B", "C")),
        WORDS | st.builds(SecretKey, secret=st.just("s"), key=st.just("k")),
        max_size=3,
    )
    return st.builds(
        a_declaration,
        name=st.just(name),
        image=st.sampled_from(("ghcr.io/acme/web:1.0.0", "ghcr.io/acme/web:2", "nginx@sha256:" + "0" * 64)),
        replicas=st.integers(0, 3),
        port=st.sampled_from((80, 8080)),
        host=st.sampled_from(("", "web.acme.example")),
        prometheus=st.sampled_from(("", "/metrics")),
        env=variables,
        volumes=_volumes(),
        resources=st.builds(Resources, requests=amounts, limits=amounts),
    )


def no_merge(now: str, old: str, new: str) -> str | None:
    """Everything contradicts."""
    return None


def line_merge(now: str, old: str, new: str) -> str | None:
    """Merges what a person has put at the end."""
    return new + now.removeprefix(old) if now.startswith(old) else None


TOOLS = Tools(
    dump=dump, load=lambda text, origin: load(text, origin=origin), merge=line_merge, stored=lambda content: None
)


class Memory:
    """A checkout in memory: `apply` plans and writes."""

    def __init__(self, files: dict[str, str] | None = None, tools: Tools = TOOLS) -> None:
        self.files = dict(files or {})
        self.tools = tools

    def tree(self, app: str, place: Place) -> Tree:
        """Users are the other environments' overlays."""
        shared = f"{place.folder}/{APPLICATIONS}/{app}/overlays/"
        own = f"{shared}{place.environment}/"
        mine = (f"{place.folder}/{APPLICATIONS}/{app}/", f"{place.folder}/{place.environment}/")
        files = {path: text for path, text in self.files.items() if path.startswith(mine)}
        users = [path for path in files if path.startswith(shared) and not path.startswith(own)]
        return Tree(files, tuple(sorted(path for path in users if path.endswith("/kustomization.yaml"))))

    def plan(self, declared: Declaration, place: Place) -> Plan:
        return plan_application(declared, place, self.tree(declared.name, place), self.tools)

    def apply(self, declared: Declaration, place: Place) -> Plan:
        """Raises AssertionError for what is out of scope."""
        return self._written(self.plan(declared, place))

    def remove(self, app: str, place: Place, uncommitted: frozenset[str] = frozenset()) -> Removal:
        """As `apply`, for a removal."""
        removal = plan_removal(app, place, self.tree(app, place), self.tools, uncommitted=uncommitted)
        self._written(removal.plan)
        return removal

    def _written(self, plan: Plan) -> Plan:
        for change in plan.writes:
            assert not plan.scope.outside(change.path)
            assert self.files.get(change.path) == change.before
            if change.after is None:
                del self.files[change.path]
            else:
                self.files[change.path] = change.after
        return plan

    def below(self, *folders: str) -> dict[str, str]:
        return {
            path: text for path, text in self.files.items() if any(f"/{folder}/" in f"/{path}" for folder in folders)
        }


def actions(plan: Plan) -> dict[str, str]:
    """File name (with the last folder) → action."""
    return {"/".join(one.path.split("/")[-2:]): one.action for one in plan.changes if one.action != "same"}
