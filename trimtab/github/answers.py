"""Answers that were had, by address: GitHub says for free (304) whether they still hold."""

from collections import OrderedDict

from trimtab.github.errors import Reply

MOST = 256
LARGEST = 256 << 10
"""Bytes of an answer that is kept."""


class Answers:
    """The last answers with an ETag, as many as `MOST`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Reply] = OrderedDict()

    def tag(self, url: str) -> str:
        """The ETag of what is known, "" of what is not."""
        reply = self._kept.get(url)
        return reply.headers["etag"] if reply else ""

    def known(self, url: str) -> Reply:
        """What GitHub says is still true."""
        self._kept.move_to_end(url)
        return self._kept[url]

    def keep(self, url: str, reply: Reply) -> None:
        """Remember, if it can be asked about again."""
        self._kept.pop(url, None)
        if "etag" in reply.headers and len(reply.body) <= LARGEST:
            self._kept[url] = reply
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
