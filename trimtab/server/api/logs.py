"""The logs of an application's Pods: as a stream of entries, or as a file."""

from collections.abc import AsyncGenerator

from msgspec.structs import replace

from trimtab.clock import rfc3339
from trimtab.server.call import Call
from trimtab.server.failures import bad_request
from trimtab.server.live.begun import begun
from trimtab.server.live.log_lines import Line, LogEntry
from trimtab.server.live.logs import LogsQuery, lines, source_of
from trimtab.server.live.look import deadline, look
from trimtab.server.operation import Needs, Operation
from trimtab.server.reply import Raw, Stream
from trimtab.server.wire import encode

FIRST_SECONDS = 1.0
"""What goes wrong so soon is a failed call; later it is said in the stream."""
LARGEST_FILE = 64 << 20
TRUNCATED = b"(the rest is left out: the file would be too large)\n"


async def pod_logs(call: Call[LogsQuery, None]) -> Stream | Raw:
    """Of the Pod that is named, of the Pods of the object that is named, or of all."""
    query = call.query
    subject = await look(call, call.params["name"], query)
    call.require("logs", "get", subject.rbac_name)
    if (pod := call.params.get("podName")) is not None:
        if query.pod_name not in ("", pod):
            raise bad_request("podName names another pod than the path")
        query = replace(query, pod_name=pod)
    async with deadline():
        # A file has an end.
        source = await source_of(subject, replace(query, follow=False) if query.download else query)
        found = lines(subject.cluster.transport, source)
        if query.download:
            return await _file(found, subject.name)
    return Stream(messages=await begun(_entries(call, found), within=FIRST_SECONDS))


async def _entries(call: Call[LogsQuery, None], found: AsyncGenerator[Line]) -> AsyncGenerator[bytes]:
    """Each line, and at the end one that says so."""
    try:
        async for line in found:
            yield encode(line.entry())
    finally:
        await found.aclose()
    now = rfc3339(call.served.clock.now())
    yield encode(LogEntry(last=True, time_stamp=now, time_stamp_str=now))


async def _file(found: AsyncGenerator[Line], name: str) -> Raw:
    """All that is there now."""
    parts: list[bytes] = []
    size = 0
    try:
        async for line in found:
            parts.append(line.content.encode() + b"\n")
            size += len(parts[-1])
            if size > LARGEST_FILE:
                parts.append(TRUNCATED)
                break
    finally:
        await found.aclose()
    disposition = f'attachment; filename="{name}.log"'
    headers = {"content-disposition": disposition}
    return Raw(body=b"".join(parts), content_type="text/plain; charset=utf-8", headers=headers)


def _operation(path: str, operation_id: str, summary: str) -> Operation[LogsQuery, None]:
    return Operation(
        method="GET",
        path=f"/api/v1/applications/{{name}}{path}",
        id=operation_id,
        handler=pod_logs,
        needs=Needs("logs", "get"),
        query=LogsQuery,
        body=type(None),
        reply=LogEntry,
        streams=True,
        summary=summary,
    )


OPERATIONS = (
    _operation("/logs", "ApplicationService_PodLogs2", "The logs of Pods of an application, by time"),
    _operation("/pods/{podName}/logs", "ApplicationService_PodLogs", "The logs of one Pod of an application"),
)
