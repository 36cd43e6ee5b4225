"""Which requests to an API server may be sent twice."""

JSON_PATCH = "application/json-patch+json"


def is_idempotent(method: str, content_type: str) -> bool:
    """May the request be sent twice? A merge or an apply may; a create, or a JSON patch (`add` to a list), may not."""
    return method != "POST" and not (method == "PATCH" and content_type == JSON_PATCH)
