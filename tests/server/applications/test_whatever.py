"""Whatever is asked for, a list is a list, or a 400."""

import asyncio
import contextlib
import gzip
from typing import Any, cast

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tests.server.applications.made import NAMESPACE, an_app
from tests.server.applications.test_hub import EVE, enforcer
from trimtab.server.applications.listing import ListQuery, listing
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.failures import Failure
from trimtab.server.parameters import decode_query
from trimtab.server.reply import Pieces

RIGHTS = enforcer("p, eve, applications, get, shop/*, allow")
STORE = ApplicationStore(cast(Any, None), cast(Any, None), namespace=NAMESPACE, rights=lambda: RIGHTS)
for n in range(9):
    STORE.catalogue.put(an_app(f"app-{n}", n + 1, spec={"project": "shop" if n % 2 else "hidden"}))

words = st.text(max_size=20) | st.text(st.sampled_from("abz=!,()<> in-./_{}[]\"'09"), max_size=30)
names = st.sampled_from(
    ["name", "project", "projects", "selector", "repo", "fields", "limit", "continue", "sort", "sync", "health",
     "autoSync", "cluster", "namespace", "appNamespace", "search", "resourceVersion", "refresh", "unknown"]
)  # fmt: skip
likely = st.sampled_from(["-1", "0", "3", "1e3", "nan", "inf", "true", "-name", "health", "Synced", "items.metadata"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(names, words | likely), max_size=6))
def test_whatever_is_asked(asked: list[tuple[str, str]]) -> None:
    judge = RIGHTS.judge(EVE, "applications", "get")
    with contextlib.suppress(Failure):
        query = decode_query(QueryParams(asked), ListQuery)
        for compress in (False, True):
            reply = asyncio.run(listing(STORE, query, judge, compress=compress))
            body = b"".join(reply.pieces) if isinstance(reply, Pieces) else reply.body
            found = orjson.loads(gzip.decompress(body) if body.startswith(b"\x1f") else body)
            assert len(found["items"] or []) <= 4
            assert "hidden" not in str(found)
