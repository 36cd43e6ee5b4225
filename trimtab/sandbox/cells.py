"""What the columns of `kubectl get` say of an object: one function a cell, from manifest to text or number."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from trimtab.clock import parse_rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox.selectors import at

Cell = str | int | bool | None
Value = Callable[[Manifest, dt.datetime], Cell]

NONE = "<none>"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def age(timestamp: str | None, now: dt.datetime) -> str:
    """`5d3h`, as kubectl prints durations since a timestamp."""
    if not timestamp:
        return "<unknown>"
    seconds = max(0, int((now - parse_rfc3339(timestamp)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    return f"{days}d" if days < 730 else _two(days // 365, "y", days % 365, "d")


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def path(text: str, default: Cell = "") -> Value:
    """The value at a path of field names, as it is."""
    names = text.split(".")

    def value(manifest: Manifest, now: dt.datetime) -> Cell:
        found = at(manifest, names)
        return found if isinstance(found, str | int | bool) else default

    return value


def since(text: str, default: str = "<unknown>") -> Value:
    """How long ago the timestamp at a path was."""
    names = text.split(".")

    def value(manifest: Manifest, now: dt.datetime) -> Cell:
        found = at(manifest, names)
        return age(found, now) if found else default

    return value


def size(*names: str) -> Value:
    """How many entries these fields have together."""
    return lambda manifest, now: sum(len(manifest.get(name) or {}) for name in names)


def _pod_spec(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec") or {}
    job = at(spec, ["jobTemplate", "spec", "template", "spec"])
    return job or at(spec, ["template", "spec"]) or spec


def containers(manifest: Manifest, now: dt.datetime) -> Cell:
    return ",".join(container["name"] for container in _pod_spec(manifest).get("containers") or ())


def images(manifest: Manifest, now: dt.datetime) -> Cell:
    return ",".join(container.get("image", "") for container in _pod_spec(manifest).get("containers") or ())


def selector(text: str) -> Value:
    """The labels of the selector at a path."""
    names = text.split(".")

    def value(manifest: Manifest, now: dt.datetime) -> Cell:
        found = at(manifest, names) or {}
        labels = found.get("matchLabels", found)
        return ",".join(f"{key}={label}" for key, label in sorted(labels.items()) if isinstance(label, str)) or NONE

    return value


def ready_of(wanted: str) -> Value:
    """`2/3`: ready replicas of those at a path."""
    names = wanted.split(".")
    return lambda m, now: f"{at(m, ['status', 'readyReplicas']) or 0}/{at(m, names) or 0}"


def pod_ready(manifest: Manifest, now: dt.datetime) -> Cell:
    statuses = at(manifest, ["status", "containerStatuses"]) or []
    total = len(manifest["spec"].get("containers") or ())
    return f"{sum(1 for status in statuses if status.get('ready'))}/{total}"


def pod_status(manifest: Manifest, now: dt.datetime) -> Cell:
    if "deletionTimestamp" in manifest["metadata"]:
        return "Terminating"
    status = manifest.get("status") or {}
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("reason") or status.get("phase") or "Unknown")


def pod_restarts(manifest: Manifest, now: dt.datetime) -> Cell:
    statuses = at(manifest, ["status", "containerStatuses"]) or []
    return str(sum(status.get("restartCount", 0) for status in statuses))


def service_outside(manifest: Manifest, now: dt.datetime) -> Cell:
    spec = manifest.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    found = _addresses(manifest) or ",".join(spec.get("externalIPs") or ())
    return found or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def service_ports(manifest: Manifest, now: dt.datetime) -> Cell:
    ports = at(manifest, ["spec", "ports"]) or []
    shown = (
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in ports
    )
    return ",".join(shown) or NONE


def _addresses(manifest: Manifest) -> str:
    found = at(manifest, ["status", "loadBalancer", "ingress"]) or []
    return ",".join(str(item.get("ip") or item.get("hostname")) for item in found)


def ingress_hosts(manifest: Manifest, now: dt.datetime) -> Cell:
    return ",".join(rule.get("host") or "*" for rule in at(manifest, ["spec", "rules"]) or ()) or "*"


def ingress_address(manifest: Manifest, now: dt.datetime) -> Cell:
    return _addresses(manifest)


def ingress_ports(manifest: Manifest, now: dt.datetime) -> Cell:
    return "80, 443" if at(manifest, ["spec", "tls"]) else "80"


def job_status(manifest: Manifest, now: dt.datetime) -> Cell:
    conditions = at(manifest, ["status", "conditions"]) or []
    true = {condition["type"] for condition in conditions if condition.get("status") == "True"}
    for kind in ("Complete", "Failed", "Suspended", "FailureTarget"):
        if kind in true:
            return kind
    return "Terminating" if "deletionTimestamp" in manifest["metadata"] else "Running"


def job_completions(manifest: Manifest, now: dt.datetime) -> Cell:
    return f"{at(manifest, ['status', 'succeeded']) or 0}/{at(manifest, ['spec', 'completions']) or 1}"


def job_duration(manifest: Manifest, now: dt.datetime) -> Cell:
    status = manifest.get("status") or {}
    done = status.get("completionTime")
    return age(status["startTime"], parse_rfc3339(done) if done else now) if "startTime" in status else ""


def event_object(manifest: Manifest, now: dt.datetime) -> Cell:
    about = manifest.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def event_seen(manifest: Manifest, now: dt.datetime) -> Cell:
    last = manifest.get("lastTimestamp") or manifest.get("eventTime") or manifest["metadata"].get("creationTimestamp")
    return age(last, now)


def event_message(manifest: Manifest, now: dt.datetime) -> Cell:
    return (manifest.get("message") or "").strip()


def volume_capacity(manifest: Manifest, now: dt.datetime) -> Cell:
    found = at(manifest, ["status", "capacity", "storage"]) or at(manifest, ["spec", "capacity", "storage"])
    return found or ""


def volume_modes(manifest: Manifest, now: dt.datetime) -> Cell:
    return ",".join(_MODES.get(mode, mode) for mode in at(manifest, ["spec", "accessModes"]) or ())


def volume_claim(manifest: Manifest, now: dt.datetime) -> Cell:
    claim = at(manifest, ["spec", "claimRef"])
    return f"{claim['namespace']}/{claim['name']}" if claim else ""


def volume_phase(manifest: Manifest, now: dt.datetime) -> Cell:
    if "deletionTimestamp" in manifest["metadata"]:
        return "Terminating"
    return str(at(manifest, ["status", "phase"]) or "")


def node_status(manifest: Manifest, now: dt.datetime) -> Cell:
    conditions = at(manifest, ["status", "conditions"]) or []
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return "Ready" if ready else "NotReady"


def subjects(kind: str) -> Value:
    """The names of a binding's subjects of one kind."""

    def value(manifest: Manifest, now: dt.datetime) -> Cell:
        found = [subject for subject in manifest.get("subjects") or () if subject.get("kind") == kind]
        return ", ".join("/".join(filter(None, (s.get("namespace"), s.get("name")))) for s in found)

    return value


def binding_role(manifest: Manifest, now: dt.datetime) -> Cell:
    reference = manifest.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def slice_endpoints(manifest: Manifest, now: dt.datetime) -> Cell:
    found = [address for endpoint in manifest.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return ",".join(found) or "<unset>"


def slice_ports(manifest: Manifest, now: dt.datetime) -> Cell:
    return ",".join(str(port.get("port", "")) for port in manifest.get("ports") or ()) or "<unset>"


def scale_target(manifest: Manifest, now: dt.datetime) -> Cell:
    target = at(manifest, ["spec", "scaleTargetRef"]) or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"
