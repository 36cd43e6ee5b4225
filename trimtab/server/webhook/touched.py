"""Which applications a push touches. Pure.

A push touches an application by a source that is of the same repository and follows what was pushed. What changed
narrows that only where the sender tells all of it and the application says, by Argo CD's annotation
manifest-generate-paths, what its manifests are made of. An application that is looked at for nothing costs little.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field

from trimtab.model.globs import matches
from trimtab.model.keys import AppKey
from trimtab.server.webhook.push import BRANCH, TAG, Push
from trimtab.source.semver import is_range, parse_range, parse_version

GENERATE_PATHS = "argocd.argoproj.io/manifest-generate-paths"
MOST_FILES = 1000
"""Of a push that changes more, it is not asked which applications they are of."""
DEEPEST = 100
LONGEST_URL = 4096
_URL = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/@]*@)?(?P<host>\[[^\]/]*\]|[^/:]*)(?::\d*(?=/|$))?[:/]+(?P<path>.*)"
)


class Source(Struct, frozen=True, rename="camel"):
    """What of a source says which pushes it follows."""

    repo_url: str = field(default="", name="repoURL")
    path: str = ""
    target_revision: str = ""
    chart: str = ""
    tag_prefix: str = ""


class Follower(Struct, frozen=True):
    """An application, as far as it follows pushes; `paths`: the annotation, "" for none."""

    key: AppKey
    sources: tuple[Source, ...]
    paths: str = ""


class _Metadata(Struct, frozen=True):
    annotations: dict[str, str] | None = None


class _Spec(Struct, frozen=True):
    source: Source | None = None
    sources: tuple[Source, ...] | None = None


class _Application(Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()


_DECODER = msgspec.json.Decoder(_Application)


def follower(key: AppKey, body: bytes) -> Follower:
    """From an Application as JSON. Raises msgspec.DecodeError."""
    app = _DECODER.decode(body)
    sources = app.spec.sources or ((app.spec.source,) if app.spec.source else ())
    return Follower(key, sources, (app.metadata.annotations or {}).get(GENERATE_PATHS, ""))


def touched(push: Push, followers: Iterable[Follower]) -> tuple[AppKey, ...]:
    """Those that have to be looked at."""
    places = places_of(push.urls)
    changed = Changed(push.changed) if push.changed is not None and len(push.changed) <= MOST_FILES else None

    def touches(source: Source, paths: str) -> bool:
        hit = _place_of(source) in places and follows(source, push)
        return hit and (changed is None or _reads(source, paths, changed))

    return tuple(one.key for one in followers if any(touches(source, one.paths) for source in one.sources))


def places_of(urls: Iterable[str]) -> frozenset[str]:
    """Where these are; what is no address is nowhere."""
    return frozenset(place(url) for url in urls) - {""}


def may_hold(repo: str, places: Iterable[str]) -> bool:
    """Is one of the places the repository, or a chart in it?"""
    known = _known_place(repo)
    return any(one == known or one.startswith(f"{known}/") for one in places)


def place(url: str) -> str:
    """Host and path of a repository: all spellings of its address are one. "" for what is no address.

    Scheme, user, port, `.git`, a query and the case of letters do not count: better one look too many.
    """
    text = unquote(url[:LONGEST_URL].strip()).partition("?")[0].removeprefix("file://")
    found = _URL.fullmatch(text)
    if found is None:
        return ""
    path = found["path"].strip("/").removesuffix(".git")
    return f"{found['host']}/{path}".casefold()


_known_place = lru_cache(maxsize=65536)(place)
"""For the addresses that applications name; a sender's own are not kept."""


def _place_of(source: Source) -> str:
    """A chart of a registry is a repository of its own."""
    return _known_place(f"{source.repo_url.rstrip('/')}/{source.chart}" if source.chart else source.repo_url)


def follows(source: Source, push: Push) -> bool:
    """Does what was pushed change what the source's target revision means?"""
    target = source.target_revision
    if target in ("", "HEAD"):
        return _is_default(push)
    name = push.ref.removeprefix(BRANCH).removeprefix(TAG)
    if target in (push.ref, name) or (source.chart and target == name.replace("_", "+")):
        return True
    return is_range(target) and not push.ref.startswith(BRANCH) and _admits(target, name, prefix=source.tag_prefix)


def _is_default(push: Push) -> bool:
    """A tag never moves HEAD; a branch whose sender does not tell of the default one may; a chart's newest does."""
    if not push.ref.startswith(BRANCH):
        return not push.ref.startswith("refs/")
    return push.default_branch in ("", push.ref.removeprefix(BRANCH))


def _admits(target: str, tag: str, *, prefix: str) -> bool:
    wanted = parse_range(target)
    version = parse_version(tag.removeprefix(prefix).replace("_", "+")) if tag.startswith(prefix) else None
    return wanted is not None and version is not None and wanted.admits(version)


class Changed:
    """The files that a push changed, and the folders that they are in."""

    def __init__(self, files: Iterable[str]) -> None:
        self._all = {one for file in files for one in _with_folders(file)}
        self._fits: dict[str, bool] = {}

    def any_in(self, path: str) -> bool:
        """Is one of them the path, or in that folder, or does it (or a folder that it is in) fit the glob?"""
        if path not in self._fits:
            self._fits[path] = path == "" or path in self._all or (_is_glob(path) and self._any_fits(path))
        return self._fits[path]

    def _any_fits(self, glob: str) -> bool:
        try:
            return any(matches(glob, one, separator="/") for one in self._all)
        except ValueError:
            return True


def _with_folders(file: str) -> Iterator[str]:
    parts = file.split("/")
    return ("/".join(parts[:count]) for count in range(1, min(len(parts), DEEPEST) + 1))


def _is_glob(path: str) -> bool:
    return any(special in path for special in "*?[{")


def _reads(source: Source, paths: str, changed: Changed) -> bool:
    """Is one of the changed files among those that the manifests are made of? Yes where nobody says which."""
    wanted = [_from_root(path.strip(), source) for path in paths.split(";") if path.strip()]
    return not wanted or any(changed.any_in(path) for path in wanted)


def _from_root(path: str, source: Source) -> str:
    """A path that begins with a slash is from the repository's root, others from the source's path; "" is the root."""
    joined = posixpath.normpath(posixpath.join("/", "" if path.startswith("/") else source.path, path.lstrip("/")))
    return joined.strip("/")
