"""Small text helpers that several packages share."""


def one_line(text: str, *, limit: int = 2000) -> str:
    """`text` with every run of white space as one blank, cut to `limit` characters with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
