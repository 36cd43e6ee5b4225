"""Kinds that are asked rather than stored: who am I, may I. In the sandbox everybody may do everything."""

from typing import Any

from trimtab.model.keys import Manifest

_USER = {"username": "sandbox", "groups": ["system:masters", "system:authenticated"]}


def answer(kind: str, body: Manifest) -> Manifest:
    """The body with its status."""
    return {**body, "kind": kind, "metadata": body.get("metadata") or {}, "status": _status(kind)}


def _status(kind: str) -> dict[str, Any]:
    match kind:
        case "SelfSubjectReview":
            return {"userInfo": _USER}
        case "TokenReview":
            return {"authenticated": True, "user": _USER}
        case "SelfSubjectRulesReview":
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return {
                "resourceRules": [everything],
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                "incomplete": False,
            }
        case _:
            return {"allowed": True}


def answer_subresource(name: str, body: Manifest) -> Manifest:
    """What a POST to a subresource other than eviction gets: a token is the only one with content."""
    if name == "token":
        return {**body, "status": {"token": "sandbox", "expirationTimestamp": "2099-01-01T00:00:00Z"}}
    return body
