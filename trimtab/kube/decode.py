"""From the bytes of lists and watches to `Observed`: metadata decoded, the body kept as the bytes that came."""

import msgspec
from msgspec import Raw, Struct

from trimtab.kube.errors import ServerError
from trimtab.kube.resource import Resource
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import ObjectMeta, Observed


class ListMeta(Struct, rename="camel"):
    """A list's metadata; `continue_` is "" on the last page."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Page(Struct):
    metadata: ListMeta
    items: list[Raw] | None = None


class _Head(Struct, rename="camel", gc=False):
    metadata: ObjectMeta
    kind: str = ""


_PAGE = msgspec.json.Decoder(_Page)
_HEAD = msgspec.json.Decoder(_Head)


class ObjectDecoder:
    """Decodes the objects of one resource."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._group = resource.kind.group
        self._kind = resource.kind.kind
        # In the API server's own order: a listed object is byte for byte the one that a get answers.
        self._prefix = f'{{"kind":"{resource.kind.kind}","apiVersion":"{resource.kind.api_version}",'.encode()

    def observed(self, raw: Raw | bytes) -> Observed:
        """One object; apiVersion and kind, which the items of most lists lack, are put in front. Copies the bytes."""
        head = _HEAD.decode(raw)
        meta = head.metadata
        body = bytes(raw) if head.kind else self._prefix + memoryview(raw)[1:]
        return Observed(ObjectKey(self._group, self._kind, meta.namespace, meta.name), meta, body)

    def page(self, answer: bytes) -> tuple[ListMeta, list[Observed]]:
        """One page of a list. Raises `ServerError` when it is none."""
        try:
            page = _PAGE.decode(answer)
            return page.metadata, [self.observed(item) for item in page.items or ()]
        except msgspec.DecodeError as error:
            raise ServerError(f"list {self.resource.kind}: the answer is no list ({error})") from error
