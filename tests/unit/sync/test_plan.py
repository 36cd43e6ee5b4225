"""The order of a sync: phases, waves, prunes, kinds; hooks; gates; containers before their content."""

import random
from typing import Any

import pytest

from tests.builders import START, a_crd, an_entry, an_object, compared, prepared, tracked
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import (
    HELM_HOOK,
    HELM_HOOK_WEIGHT,
    HOOK,
    HOOK_DELETE_POLICY,
    HOOK_FINALIZER,
    SYNC_OPTIONS,
    SYNC_WAVE,
    TRACKING_ID,
)
from trimtab.sync.order import KIND_ORDER
from trimtab.sync.plan import Plan, make_plan
from trimtab.sync.task import Options

ARGO_CD_ORDER = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
)


def options(**given: Any) -> Options:
    return Options(started_at=START, revision="0123456789abcdef", **{"prune": True, **given})


def planned(*targets: Manifest, live: tuple[Manifest, ...] = (), **given: Any) -> Plan:
    found = prepared(*targets)
    assert not found.errors
    comparison = compared(found, *(an_entry(tracked(manifest)) for manifest in live))
    return make_plan(comparison, found.hooks, options(**given))


def lines(plan: Plan) -> list[str]:
    """`Sync 0: ConfigMap/a ConfigMap/b | Deployment/c`: groups divided by bars, a minus for a prune."""
    return [
        f"{step.phase} {step.wave}: "
        + " | ".join(
            " ".join(f"{'-' * (t.action == 'Prune')}{t.key.kind}/{t.key.name}" for t in group.tasks)
            for group in step.groups
        )
        for step in plan.steps
    ]


def in_wave(wave: Any, kind: str = "ConfigMap", name: str = "one", **more: Any) -> Manifest:
    return an_object(kind, name, annotations={SYNC_WAVE: wave}, **more)


def a_hook(phases: str, name: str = "hook", *, wave: int | None = None, **more: Any) -> Manifest:
    annotations = {HOOK: phases, **({SYNC_WAVE: str(wave)} if wave is not None else {}), **more}
    return an_object("Job", name, api_version="batch/v1", annotations=annotations)


def test_kinds_go_in_argo_cds_order_and_unknown_ones_last() -> None:
    manifests = [an_object(kind, "x") for kind in (*ARGO_CD_ORDER, "Widget", "Apple")]
    random.Random(1).shuffle(manifests)
    plan = planned(*manifests)
    assert lines(plan) == ["Sync 0: " + " | ".join(f"{kind}/x" for kind in (*ARGO_CD_ORDER, "Apple", "Widget"))]
    assert tuple(KIND_ORDER) == ARGO_CD_ORDER


def test_within_a_kind_names_are_sorted_and_run_side_by_side() -> None:
    assert lines(planned(an_object(name="b"), an_object(name="a"))) == ["Sync 0: ConfigMap/a ConfigMap/b"]


def test_waves_are_numbers() -> None:
    waves = ("10", "9", "-1", "+3", "", "x", "1_0", " 2", "٣", "1.5", "9" * 5000)
    plan = planned(*(in_wave(wave, name=f"n{number}") for number, wave in enumerate(waves)))
    assert lines(plan) == [
        "Sync -1: ConfigMap/n2",
        "Sync 0: ConfigMap/n10 ConfigMap/n4 ConfigMap/n5 ConfigMap/n6 ConfigMap/n7 ConfigMap/n8 ConfigMap/n9",
        "Sync 3: ConfigMap/n3",
        "Sync 9: ConfigMap/n1",
        "Sync 10: ConfigMap/n0",
    ]


def test_prunes_come_first_in_their_wave_and_their_waves_are_mirrored() -> None:
    gone = (in_wave("0", name="first"), in_wave("2", name="second"), in_wave("7", "Deployment", "third"))
    plan = planned(in_wave("2", name="kept"), live=(*gone, in_wave("2", "Secret", "fourth")))
    assert lines(plan) == [
        "Sync 0: -Deployment/third",
        "Sync 2: -Secret/fourth -ConfigMap/second | ConfigMap/kept",
        "Sync 7: -ConfigMap/first",
    ]


def test_what_carries_anothers_annotation_is_not_pruned() -> None:
    copied = an_object(name="copy", annotations={TRACKING_ID: "shop:/ConfigMap:place/original"})
    elsewhere = an_object(name="one", namespace="else", annotations={TRACKING_ID: "shop:/ConfigMap:place/one"})
    foreign = tracked(an_object(name="foreign"), instance="other")
    comparison = compared(prepared(), *(an_entry(manifest) for manifest in (copied, elsewhere, foreign)))
    assert comparison.items == ()


@pytest.mark.parametrize(
    "annotation, prune, message",
    [
        ("Prune=false", True, "ignored (no prune)"),
        ("Validate=false, Prune = false", True, "ignored (no prune)"),
        ("Prune=false", False, "ignored (no prune)"),
        ("", False, "ignored (requires pruning)"),
    ],
)
def test_a_gate_keeps_an_object(annotation: str, prune: bool, message: str) -> None:
    plan = planned(live=(an_object(annotations={SYNC_OPTIONS: annotation}),), prune=prune)
    (task,) = plan.tasks()
    assert task.skip is not None
    assert (task.skip.status, task.skip.message) == ("PruneSkipped", message)


def test_an_option_that_only_looks_like_prune_false_keeps_nothing() -> None:
    (task,) = planned(live=(an_object(annotations={SYNC_OPTIONS: "Prune=falsey,XPrune=false"}),)).tasks()
    assert task.skip is None


def test_hooks_of_all_phases_around_the_objects() -> None:
    plan = planned(
        an_object(),
        a_hook("PostSync", "after"),
        a_hook("PreSync,PostSync", "both"),
        a_hook("Sync", "during", wave=1),
        a_hook("SyncFail", "failed"),
        a_hook("PreDelete", "leaving"),
        a_hook("PreSync, PreSync", "twice", wave=-1),
    )
    assert lines(plan) == [
        "PreSync -1: Job/twice",
        "PreSync 0: Job/both",
        "Sync 0: ConfigMap/one",
        "Sync 1: Job/during",
        "PostSync 0: Job/after Job/both",
    ]
    assert [task.key.name for step in plan.on_failure for task in step.tasks()] == ["failed"]
    assert {task.hook_type for task in plan.tasks() if task.key.name == "both"} == {"PreSync", "PostSync"}


@pytest.mark.parametrize(
    "helm, phases",
    [
        ("pre-install,pre-upgrade", ["PreSync"]),
        ("post-install, post-upgrade", ["PostSync"]),
        ("pre-install,post-install", ["PreSync", "PostSync"]),
        ("pre-delete", []),
        ("post-delete", []),
        ("test", []),
        ("test-success", []),
        ("pre-rollback,post-rollback", []),
        ("something-new", []),
    ],
)
def test_helm_hooks_are_mapped_and_never_applied_as_objects(helm: str, phases: list[str]) -> None:
    plan = planned(an_object("Pod", "p", annotations={HELM_HOOK: helm}))
    assert [(task.action, task.phase) for task in plan.tasks()] == [("Hook", phase) for phase in phases]


def test_a_crd_that_helm_installs_first_is_an_object() -> None:
    (task,) = planned(a_crd("acme.example", "Widget", annotations={HELM_HOOK: "crd-install"})).tasks()
    assert (task.action, task.phase) == ("Apply", "Sync")


def test_helm_weights_are_waves_unless_argo_cd_says_otherwise() -> None:
    helm = {HELM_HOOK: "pre-install"}
    plan = planned(
        an_object("Job", "late", annotations={**helm, HELM_HOOK_WEIGHT: "5"}),
        an_object("Job", "early", annotations={**helm, HELM_HOOK_WEIGHT: "-5"}),
        an_object("Job", "between", annotations={**helm, HELM_HOOK_WEIGHT: "-9", SYNC_WAVE: "1"}),
        an_object("Job", "odd", annotations={**helm, HELM_HOOK_WEIGHT: "2", SYNC_WAVE: "one"}),
    )
    assert [(task.key.name, task.wave) for task in plan.tasks()] == [
        ("early", -5),
        ("between", 1),
        ("odd", 2),
        ("late", 5),
    ]


@pytest.mark.parametrize(
    "annotations, actions",
    [
        ({HOOK: "Skip"}, []),
        ({HOOK: " Skip "}, []),
        ({HOOK: "Skip", HELM_HOOK: "pre-install"}, []),
        ({HOOK: "Skip,PreSync"}, [("Hook", "PreSync")]),
        ({HOOK: "presync"}, []),
        ({HOOK: ""}, []),
        ({HOOK: "Bogus,PostSync"}, [("Hook", "PostSync")]),
        ({HOOK: "PostSync", HELM_HOOK: "pre-install"}, [("Hook", "PostSync")]),
        ({HOOK: "Bogus", HELM_HOOK: "pre-install"}, [("Hook", "PreSync")]),
        ({}, [("Apply", "Sync")]),
    ],
)
def test_what_a_hook_annotation_makes_of_an_object(annotations: dict[str, str], actions: list[tuple[str, str]]) -> None:
    plan = planned(an_object(annotations=annotations))
    assert [(task.action, task.phase) for task in plan.tasks()] == actions


@pytest.mark.parametrize("word", ["Skip", "PreSync", "Bogus"])
def test_an_object_that_git_skips_or_made_a_hook_is_not_pruned(word: str) -> None:
    """It is still there from the time when it was an ordinary object, tracked and without the annotation."""
    plan = planned(an_object(annotations={HOOK: word}), live=(an_object(),))
    assert [task for task in plan.tasks() if task.action == "Prune"] == []


def test_hooks_that_ran_are_not_pruned() -> None:
    assert planned(live=(a_hook("PreSync"),)).tasks() == ()


@pytest.mark.parametrize(
    "annotations, policies",
    [
        ({}, {"BeforeHookCreation"}),
        ({HOOK_DELETE_POLICY: "HookSucceeded"}, {"HookSucceeded"}),
        ({HOOK_DELETE_POLICY: "HookSucceeded, HookFailed"}, {"HookSucceeded", "HookFailed"}),
        ({HOOK_DELETE_POLICY: "Never"}, {"BeforeHookCreation"}),
        ({"helm.sh/hook-delete-policy": "hook-failed,before-hook-creation"}, {"HookFailed", "BeforeHookCreation"}),
        (
            {HOOK_DELETE_POLICY: "HookSucceeded", "helm.sh/hook-delete-policy": "hook-failed"},
            {"HookSucceeded", "HookFailed"},
        ),
    ],
)
def test_delete_policies(annotations: dict[str, str], policies: set[str]) -> None:
    (task,) = planned(an_object("Job", annotations={HOOK: "PreSync", **annotations})).tasks()
    assert task.delete_policies == policies


def generated(prefix: str, **given: Any) -> list[Manifest]:
    hook = a_hook("PreSync,PostSync")
    del hook["metadata"]["name"]
    hook["metadata"]["generateName"] = prefix
    tasks = planned(hook, **given).tasks()
    manifests = [task.target.manifest() for task in tasks if task.target]
    assert [manifest["metadata"]["name"] for manifest in manifests] == [task.key.name for task in tasks]
    return manifests


def test_a_generated_name_is_of_this_phase_and_attempt() -> None:
    names = [manifest["metadata"]["name"] for manifest in generated("migrate-")]
    assert names == ["migrate-0123456-presync-1767323045", "migrate-0123456-postsync-1767323045"]
    again = [manifest["metadata"]["name"] for manifest in generated("migrate-", retry=2)]
    assert again == ["migrate-0123456-presync-1767323045-2", "migrate-0123456-postsync-1767323045-2"]
    assert all("generateName" not in manifest["metadata"] for manifest in generated("migrate-"))


def test_a_generated_object_is_tracked_by_the_name_it_got() -> None:
    for manifest in generated("migrate-"):
        stamp = manifest["metadata"]["annotations"][TRACKING_ID]
        assert stamp == f"shop:batch/Job:place/{manifest['metadata']['name']}"


@pytest.mark.parametrize("prefix", ["", "x" * 80])
@pytest.mark.parametrize("revision", ["", "1.2.3+4", "UPPER_x"])
def test_a_generated_name_is_valid(prefix: str, revision: str) -> None:
    hook = a_hook("PreSync")
    del hook["metadata"]["name"]
    hook["metadata"]["generateName"] = prefix or "a-"
    found = prepared(hook)
    plan = make_plan(compared(found), found.hooks, Options(started_at=START, revision=revision))
    (task,) = plan.tasks()
    assert len(task.key.name) <= 63
    assert set(task.key.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert task.key.name[0].isalnum()


def test_hooks_bear_our_finalizer_once() -> None:
    plain, marked = a_hook("PreSync", "a"), a_hook("PreSync", "b")
    marked["metadata"]["finalizers"] = ["example.org/x", HOOK_FINALIZER]
    finalizers = [
        task.target.manifest()["metadata"]["finalizers"] for task in planned(plain, marked).tasks() if task.target
    ]
    assert finalizers == [[HOOK_FINALIZER], ["example.org/x", HOOK_FINALIZER]]


def test_a_sync_of_selected_objects_runs_no_hooks_and_prunes_nothing_else() -> None:
    wanted = ObjectKey(group="", kind="ConfigMap", namespace="place", name="b")
    plan = planned(
        an_object(name="a"),
        an_object(name="b"),
        a_hook("PreSync"),
        live=(an_object(name="old"),),
        selected=frozenset((wanted,)),
    )
    assert lines(plan) == ["Sync 0: ConfigMap/b"]


def test_a_sync_without_hooks() -> None:
    assert lines(planned(an_object(), a_hook("PreSync"), hooks=False)) == ["Sync 0: ConfigMap/one"]


def test_only_what_is_out_of_sync() -> None:
    same = tracked(an_object(name="same", data={}))
    comparison = compared(prepared(an_object(name="same", data={}), an_object(name="new")), an_entry(same))
    plan = make_plan(comparison, (), options(only_out_of_sync=True))
    assert lines(plan) == ["Sync 0: ConfigMap/new"]
    assert lines(make_plan(comparison, (), options())) == ["Sync 0: ConfigMap/new ConfigMap/same"]


def test_the_namespace_is_made_before_all_else() -> None:
    plan = planned(an_object(), a_hook("PreSync", wave=-100), create_namespace="place")
    assert [(step.phase, [t.action for t in step.tasks()]) for step in plan.steps] == [
        ("PreSync", ["CreateNamespace"]),
        ("PreSync", ["Hook"]),
        ("Sync", ["Apply"]),
    ]


def test_a_namespace_that_git_declares_is_applied_not_made() -> None:
    plan = planned(an_object(), an_object("Namespace", "place"), create_namespace="place")
    assert [(task.action, task.key.name) for task in plan.tasks()] == [("Apply", "place"), ("Apply", "one")]


def test_a_namespace_moves_before_the_first_thing_in_it() -> None:
    namespaces = (in_wave("5", "Namespace", "place"), in_wave("5", "Namespace", "empty"))
    plan = planned(*namespaces, in_wave("-3"), in_wave("1", "Secret", "s"))
    assert lines(plan) == [
        "Sync -3: Namespace/place | ConfigMap/one",
        "Sync 1: Secret/s",
        "Sync 5: Namespace/empty",
    ]


def test_a_namespace_moves_before_a_hook_in_it() -> None:
    plan = planned(an_object("Namespace", "place"), an_object(), a_hook("PreSync", wave=-2))
    assert lines(plan) == ["PreSync -2: Namespace/place | Job/hook", "Sync 0: ConfigMap/one"]


def test_a_namespace_does_not_move_for_a_hook_of_failure_or_a_prune() -> None:
    plan = planned(in_wave("1", "Namespace", "place"), a_hook("SyncFail"), live=(in_wave("0", name="old"),))
    assert lines(plan) == ["Sync 0: -ConfigMap/old", "Sync 1: Namespace/place"]


def test_a_definition_moves_before_the_first_object_of_its_kind() -> None:
    crd = a_crd("acme.example", "Widget", annotations={SYNC_WAVE: "3"})
    other = a_crd("acme.example", "Gadget", annotations={SYNC_WAVE: "3"})
    plan = planned(crd, other, an_object("Widget", "w", api_version="acme.example/v1"))
    assert lines(plan) == [
        "Sync 0: CustomResourceDefinition/widgets.acme.example | Widget/w",
        "Sync 3: CustomResourceDefinition/gadgets.acme.example",
    ]


def test_a_definition_comes_before_objects_whose_kind_bears_an_early_name() -> None:
    """Kinds are ranked by name alone, so a custom NetworkPolicy would be applied before its own definition."""
    crd = a_crd("calico.example", "NetworkPolicy")
    policy = an_object("NetworkPolicy", "p", api_version="calico.example/v1")
    plan = planned(policy, crd, an_object("Namespace", "x"), a_crd("acme.example", "Widget"))
    assert lines(plan) == [
        "Sync 0: CustomResourceDefinition/networkpolicys.calico.example | Namespace/x | NetworkPolicy/p"
        " | CustomResourceDefinition/widgets.acme.example"
    ]


def test_a_definition_moves_before_a_hook_of_its_kind() -> None:
    hook = an_object("Workflow", "w", api_version="acme.example/v1", annotations={HOOK: "PreSync"})
    plan = planned(a_crd("acme.example", "Workflow"), hook)
    assert lines(plan) == ["PreSync 0: CustomResourceDefinition/workflows.acme.example | Workflow/w"]


@pytest.mark.parametrize("spec", [None, [], {}, {"names": []}, {"names": {}}])
def test_an_odd_definition_stays_where_it_is(spec: Any) -> None:
    crd = a_crd("acme.example", "Widget")
    crd["spec"] = spec
    assert len(planned(crd).tasks()) == 1


def test_takeover_is_told_for_objects_that_are_in_sync_too() -> None:
    """Otherwise a client-side apply would go on owning beside us what Git drops later."""
    live = tracked(an_object(data={"a": "1"}))
    live["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-client-side-apply",
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsV1": {"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:annotations": {f"f:{TRACKING_ID}": {}}}},
        }
    ]
    comparison = compared(prepared(an_object(data={"a": "1"})), an_entry(live))
    assert comparison.status == "Synced"
    (task,) = make_plan(comparison, (), options()).tasks()
    assert task.takeover


def test_a_plan_is_a_value() -> None:
    one, other = (planned(an_object(), a_hook("PreSync,PostSync"), live=(an_object(name="old"),)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
