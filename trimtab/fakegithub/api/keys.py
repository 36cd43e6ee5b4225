"""Deploy keys."""

import base64
import binascii

from trimtab.fakegithub.api.call import NOTHING, Answer, Call, Route, created
from trimtab.fakegithub.api.refusal import invalid, not_found
from trimtab.fakegithub.repository import DeployKey
from trimtab.fakegithub.shapes import repositories
from trimtab.fakegithub.shapes.people import Json

ALGORITHMS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_INVALID = "key is invalid. You must supply a key in OpenSSH public key format"


def keys(call: Call) -> list[Json]:
    return [repositories.deploy_key(call.world, call.repository, one) for one in call.repository.keys]


def create(call: Call) -> Answer:
    """https://docs.github.com/rest/deploy-keys/deploy-keys"""
    organisation = call.world.organisations.get(call.repository.owner)
    if organisation is not None and not organisation.deploy_keys:
        raise invalid("PublicKey", "", "Deploy keys are disabled for this repository")
    text = call.body.get("key")
    key = _public_key(text if isinstance(text, str) else "")
    if key in _used(call):
        raise invalid("PublicKey", "key", "key is already in use")
    made = call.world.deploy_key(
        call.repository,
        call.body.get("title") or f"{call.actor}@{call.repository.name}",
        key,
        read_only=bool(call.body.get("read_only", False)),
        added_by=call.actor,
        dies_with="" if call.token.outlived else call.token.value,
    )
    return created(repositories.deploy_key(call.world, call.repository, made))


def key(call: Call) -> Json:
    return repositories.deploy_key(call.world, call.repository, _key(call))


def delete(call: Call) -> Answer:
    call.world.remove_key(call.repository, _key(call))
    return NOTHING


def _key(call: Call) -> DeployKey:
    number = call.number("key_id")
    found = next((one for one in call.repository.keys if one.id == number), None)
    if found is None:
        raise not_found()
    return found


def _used(call: Call) -> set[str]:
    """A key opens one door only, here or anywhere."""
    doors = {one.key for repository in call.world.repositories.values() for one in repository.keys}
    return doors | {one for user in call.world.users.values() for one in user.keys}


def _public_key(text: str) -> str:
    """Algorithm and key, without the comment. Raises Refusal."""
    algorithm, _, rest = text.strip().partition(" ")
    value = rest.partition(" ")[0]
    try:
        content = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise invalid("PublicKey", "key", _INVALID) from None
    if algorithm not in ALGORITHMS or content[4 : 4 + len(algorithm)] != algorithm.encode() or "\n" in text.strip():
        raise invalid("PublicKey", "key", _INVALID)
    return f"{algorithm} {value}"


_PATH = "/repos/{owner}/{repo}/keys"
ROUTES = (
    Route("GET", _PATH, keys, permission="administration:read"),
    Route("POST", _PATH, create, permission="administration:write"),
    Route("GET", _PATH + "/{key_id}", key, permission="administration:read"),
    Route("DELETE", _PATH + "/{key_id}", delete, permission="administration:write"),
)
