"""The logs of an application's Pods, as their kubelets tell them."""

import datetime as dt
from collections.abc import AsyncGenerator
from urllib.parse import quote

import msgspec
from msgspec import Struct

from trimtab.errors import TrimtabError
from trimtab.kube.transport import Transport
from trimtab.model.keys import ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.live.belonging import absent, member
from trimtab.server.live.log_lines import Choice, Line, LineReader, seconds
from trimtab.server.live.log_merge import merged
from trimtab.server.live.looks import looks_of
from trimtab.server.live.names import GROUP, KIND, NAME, NAMESPACE, InApplication, check
from trimtab.server.live.subject import Looked

MOST_PODS = 10
"""Where argocd-cm does not say otherwise (`server.maxPodLogsToRender`)."""
MERGE_SECONDS = 0.2
"""How long a line waits for the other pods to speak."""
SILENT_SECONDS = 30.0
"""A kubelet that is silent for so long has failed, unless its log is followed."""
FOLLOWED_SECONDS = 3600.0
LONGEST_FILTER = 1024
POD = ("", "Pod")


class LogsQuery(InApplication, frozen=True):
    """`kind`, `group` and `resource_name`: the Pods of that object; all Pods of the application where nothing is
    named. `tail_lines`: of each Pod. `since_time` and `until_time`: a moment, the second in RFC 3339. `filter`: lines
    with that text, without it where it begins with `!`.
    """

    namespace: str = ""
    pod_name: str = ""
    container: str = ""
    since_seconds: int = 0
    since_time_seconds: int = msgspec.field(default=0, name="sinceTime.seconds")
    since_time_nanos: int = msgspec.field(default=0, name="sinceTime.nanos")
    tail_lines: int | None = None
    follow: bool = False
    until_time: str = ""
    filter: str = ""
    kind: str = ""
    group: str = ""
    resource_name: str = ""
    previous: bool = False
    match_case: bool = False
    download: bool = False


class Source(Struct, frozen=True):
    """Whose logs, and how they are asked for: `parameters` are Kubernetes' own."""

    pods: tuple[ObjectKey, ...]
    parameters: dict[str, str] = {}
    choice: Choice = Choice()
    follow: bool = False


async def source_of(subject: Looked, query: LogsQuery) -> Source:
    """Raises Failure (400) for what cannot be, and where the application has no such Pod."""
    parameters, choice = _parameters(query), _choice(query)
    pods = await _pods(subject, query)
    most = _most(subject)
    if len(pods) > most:
        raise bad_request(f"the logs of {len(pods)} pods are too many: at most {most} are shown; name fewer")
    return Source(tuple(sorted(pods)), parameters, choice, query.follow)


def lines(transport: Transport, source: Source) -> AsyncGenerator[Line]:
    """The lines of all pods by time. Raises Failure and `ApiError` where the only one cannot be read."""
    alone = len(source.pods) == 1
    feeds = [_read(transport, pod, source) if alone else _forgiving(transport, pod, source) for pod in source.pods]
    return merged(feeds, patience=MERGE_SECONDS)


async def _forgiving(transport: Transport, pod: ObjectKey, source: Source) -> AsyncGenerator[list[Line]]:
    """One pod among many that cannot be read says so in its log."""
    try:
        async for found in _read(transport, pod, source):
            yield found
    except (TrimtabError, Failure) as error:
        yield [Line(0.0, "", pod.name, error.message)]


async def _read(transport: Transport, pod: ObjectKey, source: Source) -> AsyncGenerator[list[Line]]:
    reader, choice = LineReader(pod.name), source.choice
    path = f"/api/v1/namespaces/{quote(pod.namespace)}/pods/{quote(pod.name)}/log"
    within = FOLLOWED_SECONDS if source.follow else SILENT_SECONDS
    async with transport.stream(
        path, query=source.parameters, accept="*/*", verb="log", subject=f"Pod {pod.namespace}/{pod.name}"
    ) as stream:
        more = True
        while more:
            try:
                chunk = await stream.read(within=within)
            except TimeoutError as error:
                raise Failure(Code.DEADLINE_EXCEEDED, f"the kubelet of Pod {pod.name} has fallen silent") from error
            found = reader.feed(chunk) if chunk else reader.end()
            wanted = [line for line in found if not choice.is_over(line)]
            more = bool(chunk) and len(wanted) == len(found)
            yield [line for line in wanted if choice.shows(line)]


async def _pods(subject: Looked, query: LogsQuery) -> list[ObjectKey]:
    """The Pods that are meant. Raises Failure (400) where there is none."""
    check(NAMESPACE, query.namespace, "namespace")
    if query.pod_name:
        check(NAME, query.pod_name, "podName")
        key = ObjectKey(*POD, query.namespace or subject.namespace, query.pod_name)
        return [(await member(subject, key)).key]
    async with looks_of(subject.served).view(subject) as view:
        grown = await view.grown()
    if not (query.kind or query.resource_name):
        found = list(grown.members.values())
    else:
        key = ObjectKey(
            check(GROUP, query.group, "group"),
            check(KIND, query.kind, "kind"),
            query.namespace or subject.namespace,
            check(NAME, query.resource_name, "resourceName"),
        )
        found = grown.below(key)
        if not found:
            raise absent(subject, key)
    pods = [one.kin.key for one in found if (one.kin.key.group, one.kin.key.kind) == POD]
    if query.namespace:
        pods = [pod for pod in pods if pod.namespace == query.namespace]
    if not pods:
        raise bad_request(f"no pods found as part of application {subject.name}")
    return pods


def _parameters(query: LogsQuery) -> dict[str, str]:
    """As Kubernetes' log endpoint takes them. Raises Failure (400)."""
    if query.container:
        check(NAMESPACE, query.container, "container")
    numbers = {"sinceSeconds": query.since_seconds, "tailLines": query.tail_lines or 0}
    if any(not 0 <= number < 1 << 62 for number in numbers.values()):
        raise bad_request("sinceSeconds and tailLines have to be positive")
    parameters = {name: str(number) for name, number in numbers.items() if number}
    if query.tail_lines == 0:
        parameters["tailLines"] = "0"
    parameters |= {"container": query.container} if query.container else {}
    parameters |= {"sinceTime": _moment(query)} if query.since_time_seconds else {}
    parameters |= {"follow": "true"} if query.follow else {}
    parameters |= {"previous": "true"} if query.previous else {}
    return {"timestamps": "true", **parameters}


def _moment(query: LogsQuery) -> str:
    if query.since_seconds:
        raise bad_request("give either sinceSeconds or sinceTime")
    try:
        moment = dt.datetime.fromtimestamp(query.since_time_seconds, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise bad_request("sinceTime.seconds is no moment") from error
    if not 0 <= query.since_time_nanos < 1_000_000_000:
        raise bad_request("sinceTime.nanos has to be below a second")
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{query.since_time_nanos:09d}Z"


def _choice(query: LogsQuery) -> Choice:
    if len(query.filter) > LONGEST_FILTER:
        raise bad_request(f"filter: longer than {LONGEST_FILTER} characters")
    until = seconds(query.until_time) if query.until_time else None
    if query.until_time and until is None:
        raise bad_request("untilTime: not a time like 2026-11-23T12:29:03Z")
    return Choice(wanted=query.filter, match_case=query.match_case, until=until)


def _most(subject: Looked) -> int:
    text = subject.served.configuration.config_map(ARGOCD_CM).get("server.maxPodLogsToRender", "")
    return int(text) if text.isdecimal() and len(text) < 6 else MOST_PODS
