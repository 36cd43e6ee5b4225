"""Why there is no image."""


class ImageError(Exception):
    """The message is the reason in one line, and what to do."""
