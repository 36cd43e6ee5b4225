"""Which objects are hooks, when they run, and when they are deleted.

Rules of Argo CD's format: its own annotation wins over Helm's; Helm's hooks are mapped; `Skip` alone is never applied.
"""

import re
from collections.abc import Mapping
from typing import Literal, TypeVar

from trimtab.model.application import SyncPhase
from trimtab.model.keys import Manifest, annotations_of
from trimtab.model.names import (
    HELM_HOOK,
    HELM_HOOK_DELETE_POLICY,
    HELM_HOOK_WEIGHT,
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_WAVE,
)

T = TypeVar("T")
DeletePolicy = Literal["HookSucceeded", "HookFailed", "BeforeHookCreation"]

PHASES: Mapping[str, SyncPhase] = {
    "PreSync": "PreSync",
    "Sync": "Sync",
    "PostSync": "PostSync",
    "SyncFail": "SyncFail",
    "PreDelete": "PreDelete",
    "PostDelete": "PostDelete",
}
HELM_PHASES: Mapping[str, SyncPhase] = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "pre-delete": "PreDelete",
    "post-delete": "PostDelete",
}
POLICIES: Mapping[str, DeletePolicy] = {
    "HookSucceeded": "HookSucceeded",
    "HookFailed": "HookFailed",
    "BeforeHookCreation": "BeforeHookCreation",
}
HELM_POLICIES: Mapping[str, DeletePolicy] = {
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
    "before-hook-creation": "BeforeHookCreation",
}
HELM_CRD_INSTALL = "crd-install"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def hook_phases(manifest: Manifest) -> tuple[SyncPhase, ...]:
    """The phases in which the object runs as a hook; () for an ordinary object and for one that is never applied.

    Helm's annotation counts where Argo CD's names nothing that we know.
    """
    annotations = annotations_of(manifest)
    return _known(annotations.get(HOOK, ""), PHASES) or _known(annotations.get(HELM_HOOK, ""), HELM_PHASES)


def is_hook(manifest: Manifest) -> bool:
    """True also for hooks that no sync runs (Helm tests, unknown words): they are never applied as ordinary objects."""
    annotations = annotations_of(manifest)
    if HOOK in annotations:
        return not is_skipped(manifest)
    return bool(set(_words(annotations.get(HELM_HOOK, ""))) - {HELM_CRD_INSTALL})


def is_skipped(manifest: Manifest) -> bool:
    """`argocd.argoproj.io/hook: Skip`, and no phase beside it."""
    words = _words(annotations_of(manifest).get(HOOK, ""))
    return "Skip" in words and not any(word in PHASES for word in words)


def delete_policies(manifest: Manifest) -> frozenset[DeletePolicy]:
    """When the hook object is deleted; BeforeHookCreation where none is named."""
    annotations = annotations_of(manifest)
    named = _known(annotations.get(HOOK_DELETE_POLICY, ""), POLICIES)
    helm = _known(annotations.get(HELM_HOOK_DELETE_POLICY, ""), HELM_POLICIES)
    return frozenset(named + helm) or frozenset(("BeforeHookCreation",))


def wave_of(manifest: Manifest) -> int:
    """The sync wave, else Helm's hook weight, else 0; what is no integer counts as absent."""
    annotations = annotations_of(manifest)
    for name in (SYNC_WAVE, HELM_HOOK_WEIGHT):
        text = str(annotations.get(name, ""))
        if _INTEGER.fullmatch(text) and abs(number := int(text)) < 2**31:
            return number
    return 0


def _known(text: str, table: Mapping[str, T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(table[word] for word in _words(text) if word in table))


def _words(text: str) -> list[str]:
    return [word.strip() for word in str(text).split(",") if word.strip()]
