"""All streams that ask the same with the same rights: what they see of an application is decided once for them."""

from collections.abc import Callable, Iterator
from itertools import islice

from msgspec import Struct

from trimtab.access.enforcer import Judge
from trimtab.access.subject import Subject
from trimtab.model.keys import AppKey
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.projection import Projection
from trimtab.server.applications.selection import Selection
from trimtab.server.applications.stored import Stored
from trimtab.server.applications.subscriber import Change, Subscriber
from trimtab.server.applications.views import View

Cut = Callable[[View, Stored], bytes]


class Interest(Struct, frozen=True):
    """What a stream is about, and for whom."""

    projection: Projection
    selection: Selection
    subject: Subject


class Channel:
    """`subscribers` hear of what happens from when they were added; `initial` is what they are told before."""

    def __init__(self, catalogue: Catalogue, interest: Interest, view: View, judge: Judge, *, namespace: str) -> None:
        self._catalogue = catalogue
        self._view = view
        self._tests = interest.selection.tests()
        self._judge = judge
        self._judge_before = judge
        self._unswept: set[AppKey] = set()
        self._namespace = namespace
        self.subject = interest.subject
        self.subscribers: set[Subscriber] = set()

    def initial(self, subscriber: Subscriber, since: int | None) -> Iterator[Change]:
        """What a caller is told first: all that there is, or what has changed after the resourceVersion `since`.

        Each application is looked at when its turn comes, so that it is told as it is then, and by the rights of then.
        """
        removals = [] if since is None else [one for one in self._catalogue.removals if one.version > since]
        for block in self._catalogue.blocks.snapshot():
            for key in [app.key for app in block.apps]:
                self._settle(key)
                app = self._catalogue.get(key)
                if app is not None and since is not None and app.header.version <= since:
                    continue
                now = self._shown(app, self._judge)
                if now is not None or since is None:
                    subscriber.supersede(key)
                if now is not None:
                    known = since is not None and app is not None and app.born <= since
                    yield Change(b"" if known else None, now)
        for removal in removals:
            told = self._shown(removal.last, self._judge)
            if told is not None and self._catalogue.get(removal.last.key) is None:
                yield Change(told, None)

    def changed(self, before: Stored | None, after: Stored | None, cut: Cut) -> None:
        """`cut` gives what a view shows, made once for all channels. What looks the same as before is not told."""
        key = (after or before or _nothing()).key
        told = self._shown(before, self._judge_before if key in self._unswept else self._judge, cut)
        self._unswept.discard(key)
        self._tell(key, Change(told, self._shown(after, self._judge, cut)))

    def rejudge(self, judge: Judge) -> None:
        """The rights are others now; `sweep` tells of what follows from it."""
        self.sweep(len(self._unswept))
        self._judge_before, self._judge = self._judge, judge
        if not (self._judge_before.everything and judge.everything):
            self._unswept = {app.key for app in self._catalogue}

    def sweep(self, most: int) -> bool:
        """Tell of up to `most` applications whether they may still, or now, be seen. True: there are more."""
        for key in list(islice(self._unswept, most)):
            self._settle(key)
        return bool(self._unswept)

    def _settle(self, key: AppKey) -> None:
        if key in self._unswept:
            self._unswept.discard(key)
            app = self._catalogue.get(key)
            self._tell(key, Change(self._shown(app, self._judge_before), self._shown(app, self._judge)))

    def _tell(self, key: AppKey, change: Change) -> None:
        if change.told != change.now:
            for subscriber in self.subscribers:
                subscriber.touch(key, change)

    def _shown(self, app: Stored | None, judge: Judge, cut: Cut = View.fragment) -> bytes | None:
        """What the callers see of an application; None when they do not."""
        if app is None or not all(test(app.header) for test in self._tests):
            return None
        return cut(self._view, app) if judge(app.rbac_name(self._namespace)) else None


def _nothing() -> Stored:
    raise ValueError("a change from nothing to nothing")
