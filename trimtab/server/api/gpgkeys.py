"""/api/v1/gpgkeys: the public keys in ConfigMap argocd-gpg-keys-cm. Nothing verifies yet, so none is added."""

from typing import Any

from msgspec import Struct, field

from trimtab.server.api.config_maps import change_config_map
from trimtab.server.api.lists import ListMeta
from trimtab.server.call import Call
from trimtab.server.failures import not_found, unimplemented
from trimtab.server.operation import Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json

KEYS = "argocd-gpg-keys-cm"
RESOURCE = "gpgkeys"


class KeyQuery(Query, frozen=True):
    key_id: str = field(default="", name="keyID")


class AddQuery(Query, frozen=True):
    upsert: bool = False


class PublicKey(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """`key_id` is the long id, `key_data` the armored key."""

    key_id: str = field(default="", name="keyID")
    fingerprint: str = ""
    owner: str = ""
    trust: str = ""
    sub_type: str = ""
    key_data: str = ""


class PublicKeyList(Struct, frozen=True):
    items: tuple[PublicKey, ...] | None
    metadata: ListMeta = ListMeta()


async def list_keys(call: Call[KeyQuery, None]) -> Json:
    """Those that the caller may see, `keyID` narrows to one."""
    may = call.judge(RESOURCE, "get")
    found = [key for key in _keys(call) if may(key.key_id) and call.query.key_id in ("", key.key_id)]
    return Json(value=PublicKeyList(items=tuple(found) or None))


async def get_key(call: Call[NoQuery, None]) -> Json:
    """One key, by its long id."""
    wanted = call.params["keyID"]
    call.require(RESOURCE, "get", wanted)
    return Json(value=_known(call, wanted))


async def add_key(call: Call[AddQuery, PublicKey]) -> Json:
    """A key that nothing would look at is worse than none."""
    call.require(RESOURCE, "create", call.body.key_id)
    raise unimplemented("verification of signatures (GnuPG)")


async def delete_key(call: Call[KeyQuery, None]) -> Json:
    """Take one key away."""
    wanted = call.query.key_id
    call.require(RESOURCE, "delete", wanted)
    _known(call, wanted)
    await change_config_map(call.served, KEYS, lambda data: {wanted: None} if wanted in data else {})
    return Json(value={})


def _keys(call: Call[Any, Any]) -> list[PublicKey]:
    data = call.served.configuration.config_map(KEYS)
    return [PublicKey(key_id=name, key_data=text) for name, text in sorted(data.items())]


def _known(call: Call[Any, Any], wanted: str) -> PublicKey:
    found = next((key for key in _keys(call) if key.key_id == wanted), None)
    if found is None:
        raise not_found(f"there is no key {wanted!r}")
    return found


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/gpgkeys",
        id="GPGKeyService_List",
        handler=list_keys,
        needs=Needs(RESOURCE, "get"),
        query=KeyQuery,
        body=type(None),
        reply=PublicKeyList,
        summary="The public keys that commits may be signed with",
    ),
    Operation(
        method="GET",
        path="/api/v1/gpgkeys/{keyID}",
        id="GPGKeyService_Get",
        handler=get_key,
        needs=Needs(RESOURCE, "get"),
        query=NoQuery,
        body=type(None),
        reply=PublicKey,
        summary="One public key",
    ),
    Operation(
        method="POST",
        path="/api/v1/gpgkeys",
        id="GPGKeyService_Create",
        handler=add_key,
        needs=Needs(RESOURCE, "create"),
        query=AddQuery,
        body=PublicKey,
        reply=PublicKeyList,
        summary="Add a public key (not served yet)",
    ),
    Operation(
        method="DELETE",
        path="/api/v1/gpgkeys",
        id="GPGKeyService_Delete",
        handler=delete_key,
        needs=Needs(RESOURCE, "delete"),
        query=KeyQuery,
        body=type(None),
        reply=dict[str, Any],
        summary="Take a public key away",
    ),
)
