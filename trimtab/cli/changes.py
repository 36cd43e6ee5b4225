"""What a sync would change, for people and for programs. Values of Secrets are masked."""

import difflib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import click
from msgspec import Struct

from trimtab.cli.output import as_yaml, faint, wrapped
from trimtab.cli.words import counted
from trimtab.compare.comparison import Comparison, Item
from trimtab.compare.redact import redact_differences
from trimtab.compare.structural import MISSING, Difference
from trimtab.errors import Stalled
from trimtab.model.keys import ObjectKey
from trimtab.sync.plan import Plan, Step
from trimtab.sync.task import Task

Action = Literal["create", "change", "prune", "keep", "run", "none"]
FIRST_WAVE = -(2**31)
"""The wave of a namespace that the sync itself creates: before all others."""

MARKS: dict[Action, tuple[str, str]] = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "prune": ("-", "red"),
    "keep": ("=", "bright_black"),
    "run": (">", "cyan"),
}


class Change(Struct, frozen=True, kw_only=True):
    """One object's part. `note`: what is out of the ordinary; `refusal`: why the API server would not take it."""

    action: Action
    key: ObjectKey
    phase: str
    wave: int
    fields: tuple[Difference, ...] = ()
    note: str = ""
    refusal: str = ""


def changes_of(plan: Plan, comparison: Comparison, *, existing: frozenset[ObjectKey] = frozenset()) -> list[Change]:
    """The changes in the order of the plan. `existing`: namespaces that need not be created."""
    items = {item.key: item for item in comparison.items}
    found = (_change(task, step, items.get(task.key)) for step in plan.steps for task in step.tasks())
    return [change for change in found if not (change.action == "create" and change.key in existing)]


def _change(task: Task, step: Step, item: Item | None) -> Change:
    action = _action(task, item)
    differences = item.verdict.differences if item and action == "change" else ()
    return Change(
        action=action,
        key=task.key,
        phase=step.phase,
        wave=step.wave,
        fields=redact_differences(task.key, differences),
        note=_note(task, item),
        refusal=item.verdict.note if item else "",
    )


def _action(task: Task, item: Item | None) -> Action:
    if task.skip is not None:
        return "keep"
    if task.action == "Hook":
        return "run"
    if task.action == "Prune":
        return "prune"
    if task.action == "CreateNamespace" or not task.live_uid:
        return "create"
    return "change" if item and item.verdict.differences else "none"


def _note(task: Task, item: Item | None) -> str:
    if task.skip is not None:
        return task.skip.message
    if item and item.shared_with:
        return f"taken from application {item.shared_with}"
    return "takes over what kubectl apply owns" if task.takeover else ""


def exit_code(changes: list[Change]) -> int:
    """As kubectl diff's: 0 nothing differs, 1 something does. Raises Stalled where the API server refuses something."""
    refused = [change for change in changes if change.refusal]
    if refused:
        raise Stalled(f"the API server refuses {', '.join(str(change.key) for change in refused)}", reason="Invalid")
    return 1 if differs(changes) else 0


def differs(changes: Iterable[Change]) -> bool:
    """Whether a sync would write anything that is not there yet. Hooks alone are no difference."""
    return any(change.action in ("create", "change", "prune") for change in changes)


def text_of(changes: list[Change], *, steps: bool) -> str:
    """The changes for people; with `steps` under headings that say in which phase and wave."""
    lines: list[str] = []
    heading = ""
    has_waves = any(change.wave not in (0, FIRST_WAVE) for change in changes)
    for change in changes:
        if change.action == "none":
            continue
        step = f"{change.phase}, wave {change.wave}" if has_waves and change.wave != FIRST_WAVE else change.phase
        if steps and step != heading:
            heading = step
            lines += ["", click.style(step, bold=True)]
        lines += _lines(change, indent="  " if steps else "")
    return "\n".join([*lines, "", summary(changes)]).strip("\n")


def summary(changes: list[Change]) -> str:
    """`2 to create, 1 to change, 12 unchanged`."""
    count: dict[Action, int] = {}
    for change in changes:
        count[change.action] = count.get(change.action, 0) + 1
    hooks = counted(count.get("run", 0), "hook")
    parts = [
        f"{count['create']} to create" if "create" in count else "",
        f"{count['change']} to change" if "change" in count else "",
        f"{count['prune']} to prune" if "prune" in count else "",
        f"{count['keep']} kept" if "keep" in count else "",
        f"{hooks} to run" if "run" in count else "",
        f"{count['none']} unchanged" if "none" in count else "",
    ]
    return ", ".join(filter(None, parts)) or "no objects"


def value_of(changes: list[Change]) -> dict[str, Any]:
    """The changes for programs."""
    return {"summary": summary(changes), "changes": [_value(one) for one in changes if one.action != "none"]}


def _value(change: Change) -> dict[str, Any]:
    key = change.key
    named = {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    shown: dict[str, Any] = {"action": change.action, **named, "phase": change.phase, "wave": change.wave}
    if change.fields:
        shown["fields"] = [_field_value(field) for field in change.fields]
    said = {"note": change.note, "refusal": change.refusal}
    return {**shown, **{name: text for name, text in said.items() if text}}


def _field_value(field: Difference) -> dict[str, Any]:
    sides = {"live": field.live, "target": field.target}
    who = {"manager": field.manager, "time": field.time}
    return {
        "path": field.path,
        **{name: value for name, value in sides.items() if value is not MISSING},
        **{name: value for name, value in who.items() if value},
    }


def _lines(change: Change, *, indent: str) -> Iterator[str]:
    mark, color = MARKS[change.action]
    note = f"  {faint(change.note)}" if change.note else ""
    yield f"{indent}{click.style(f'{mark} {change.key}', fg=color)}{note}"
    if change.refusal:
        yield click.style(wrapped(change.refusal, indent=len(indent) + 4), fg="red")
    for field in change.fields:
        yield from (f"{indent}    {line}" for line in _field_lines(field))


def _field_lines(field: Difference) -> Iterator[str]:
    who = (
        f"  {faint(f'({field.manager}, {field.time})' if field.time else f'({field.manager})')}"
        if field.manager
        else ""
    )
    if _is_short(field.live) and _is_short(field.target):
        yield f"{field.path}: {_short(field.live)} → {_short(field.target)}{who}"
        return
    yield f"{field.path}:{who}"
    lines = list(difflib.unified_diff(_block(field.live), _block(field.target), lineterm="", n=2))[2:]
    # Two strings may differ in nothing but the end of their last line.
    for line in lines or [f"-{json.dumps(field.live)}", f"+{json.dumps(field.target)}"]:
        if not line.startswith("@@"):
            yield "  " + click.style(line, fg={"+": "green", "-": "red"}.get(line[:1]))


def _is_short(value: Any) -> bool:
    return not (isinstance(value, dict | list) and value) and not (isinstance(value, str) and "\n" in value)


def _short(value: Any) -> str:
    """A string as it is where nothing else can be meant, any other value as JSON."""
    if value is MISSING:
        return "(none)"
    plain = isinstance(value, str) and value.strip() == value != "" and not _reads_as_json(value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _reads_as_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return text == "(none)"
    return True


def _block(value: Any) -> list[str]:
    if value is MISSING:
        return []
    return value.splitlines() if isinstance(value, str) else as_yaml(value).splitlines()
