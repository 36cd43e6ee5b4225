"""What of all applications passes a selection and a caller's rights: decided once for each block, until it changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from trimtab.access.enforcer import Judge
from trimtab.server.applications.blocks import Block
from trimtab.server.applications.selection import Selection
from trimtab.server.applications.stored import Stored

MOST = 32
"""Sieves that are kept: one for each selection and each set of rights that was asked with last."""


class Sieve:
    """One selection with one caller's rights."""

    def __init__(self, selection: Selection, judge: Judge, *, namespace: str) -> None:
        self._tests = selection.tests()
        self._judge = judge
        self._namespace = namespace
        self._passed: WeakKeyDictionary[Block, Block | None] = WeakKeyDictionary()
        """None: all of the block passes. (Were it the block itself, it would be kept for ever.)"""

    async def sift(self, blocks: Sequence[Block]) -> list[Block]:
        """What passes, in the same order; a block of which everything passes is itself."""
        passed: list[Block] = []
        for block in blocks:
            if block not in self._passed:
                apps = [app for app in block.apps if self._passes(app)]
                self._passed[block] = None if len(apps) == len(block.apps) else Block(apps, lasting=False)
                await asyncio.sleep(0)
            passed.append(self._passed.get(block) or block)
        return [block for block in passed if block.apps]

    def _passes(self, app: Stored) -> bool:
        header = app.header
        return all(test(header) for test in self._tests) and (
            self._judge.everything or self._judge(app.rbac_name(self._namespace))
        )


class Sieves:
    """The sieves that were used last. The judge of a caller is another one as soon as rights change."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._recent: OrderedDict[tuple[Selection, int], tuple[Judge, Sieve]] = OrderedDict()

    def of(self, selection: Selection, judge: Judge) -> Sieve:
        key = (selection, id(judge))
        if key not in self._recent:
            self._recent[key] = (judge, Sieve(selection, judge, namespace=self._namespace))
        self._recent.move_to_end(key)
        if len(self._recent) > MOST:
            self._recent.popitem(last=False)
        return self._recent[key][1]
