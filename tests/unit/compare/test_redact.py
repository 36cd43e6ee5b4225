"""No value of a Secret leaves: not in a difference, a verdict, a drift event, nor in the API server's own words."""

import base64
from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import an_entry, an_object, compared, prepared, tracked
from trimtab.compare.drift import describe, drifts
from trimtab.compare.redact import is_secret, redact, redact_differences, redact_text
from trimtab.compare.structural import MISSING, Difference
from trimtab.model.keys import Manifest, ObjectKey, key_of
from trimtab.model.names import LAST_APPLIED

PLAIN = ("hunter2", "correct horse", "s3cr3t-in-the-old-state")
ENCODED = tuple(base64.b64encode(text.encode()).decode() for text in PLAIN)
KEY = ObjectKey(group="", kind="Secret", namespace="place", name="login")


def is_clean(*shown: object) -> bool:
    text = " ".join(map(repr, shown))
    return not any(value in text for value in (*PLAIN, *ENCODED))


def a_secret(*values: str, annotation: str | None = None, **fields: Any) -> Manifest:
    data = {f"key{number}": value for number, value in enumerate(values)}
    annotations = {LAST_APPLIED: annotation} if annotation else None
    return an_object("Secret", "login", data=data, annotations=annotations, **fields)


def masked(manifest: Manifest) -> Manifest:
    (shown,) = redact(manifest)
    assert shown is not None
    return shown


def test_every_value_becomes_a_mask() -> None:
    shown = masked(
        a_secret(*ENCODED, stringData={"a": PLAIN[0]}, annotation=f'{{"data":"{ENCODED[2]}"}}', type="Opaque")
    )
    assert is_clean(shown)
    assert (shown["kind"], shown["type"], shown["metadata"]["name"]) == ("Secret", "Opaque", "login")
    assert shown["data"] == {"key0": "+" * 8, "key1": "+" * 12, "key2": "+" * 16}


def test_equal_values_have_equal_masks_on_all_sides() -> None:
    target, live, none = redact(a_secret(ENCODED[0], ENCODED[1]), a_secret(ENCODED[0], ENCODED[2]), None)
    assert target is not None
    assert live is not None
    assert none is None
    assert target["data"]["key0"] == live["data"]["key0"]
    assert len({*target["data"].values(), *live["data"].values()}) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"data": PLAIN[0]},
        {"data": [PLAIN[0]]},
        {"data": {"a": [PLAIN[0]], "b": {"c": PLAIN[1]}}},
        {"data": {"a": None}},
        {"data": None},
        {"stringData": 5},
        {"unknown": {"deep": PLAIN[0]}},
        {"status": {"seen": ENCODED[0]}},
    ],
)
def test_odd_shapes_hide_nothing(fields: dict[str, Any]) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, **fields}
    assert is_clean(masked(manifest))


def test_the_manifest_itself_is_left_as_it_is() -> None:
    manifest = a_secret(ENCODED[0], annotation=ENCODED[1])
    masked(manifest)
    assert manifest["data"]["key0"] == ENCODED[0]
    assert manifest["metadata"]["annotations"][LAST_APPLIED] == ENCODED[1]


@pytest.mark.parametrize(
    "path, target, live",
    [
        ("data.password", ENCODED[0], ENCODED[1]),
        ('data["tls.crt"]', ENCODED[0], MISSING),
        ("data", {"a": ENCODED[0]}, MISSING),
        ("data", MISSING, {"a": ENCODED[0]}),
        ("stringData.a", PLAIN[0], MISSING),
        ("metadata", {"annotations": {LAST_APPLIED: ENCODED[0]}}, MISSING),
        ("metadata.annotations", MISSING, {LAST_APPLIED: ENCODED[0], "a": "b"}),
        (f'metadata.annotations["{LAST_APPLIED}"]', MISSING, f'{{"data":{{"a":"{ENCODED[0]}"}}}}'),
        ("somewhere[else]", PLAIN[0], [PLAIN[1]]),
    ],
)
def test_a_difference_of_a_secret_shows_no_value(path: str, target: Any, live: Any) -> None:
    (shown,) = redact_differences(KEY, [Difference(path, target, live, "kubectl", "now")])
    assert is_clean(shown)
    assert (shown.path, shown.manager, shown.time) == (path, "kubectl", "now")
    assert (shown.target is MISSING, shown.live is MISSING) == (target is MISSING, live is MISSING)


def test_what_is_no_value_is_shown() -> None:
    given = (Difference("metadata.labels.app", "web", "shop"), Difference("type", "Opaque", "kubernetes.io/tls"))
    assert redact_differences(KEY, given) == given


def test_only_secrets_of_the_core_are_masked() -> None:
    assert is_secret(KEY)
    other = replace(KEY, group="acme.example")
    given = (Difference("data.a", "1", "2"),)
    assert redact_differences(other, given) == given


def test_a_verdict_holds_masks_from_the_beginning() -> None:
    comparison = compared(
        prepared(a_secret(ENCODED[0])), an_entry(tracked(a_secret(ENCODED[1], annotation=ENCODED[2])))
    )
    (item,) = comparison.items
    assert [d.path for d in item.verdict.differences] == ["data.key0"]
    assert is_clean(item.verdict)
    assert item.verdict.differences[0].target != item.verdict.differences[0].live


def test_a_settled_verdict_holds_masks_whatever_the_dry_run_said() -> None:
    comparison = compared(prepared(a_secret(ENCODED[0])), an_entry(tracked(a_secret(ENCODED[1]))))
    (item,) = comparison.items
    told = replace(
        item.verdict,
        suspected=False,
        differences=(Difference("data.key0", ENCODED[0], ENCODED[1]),),
        note=f"cannot be decoded: {PLAIN[0]} of {ENCODED[1]}",
    )
    (settled,) = comparison.settled({item.key: told}).items
    assert is_clean(settled.verdict)
    assert settled.verdict.note == "cannot be decoded: ++++++++ of ++++++++"


def test_a_drift_event_names_the_field_and_no_value() -> None:
    target = prepared(a_secret(ENCODED[0]))
    synced = compared(target, an_entry(tracked(a_secret(ENCODED[0]))))
    after = compared(target, an_entry(tracked(a_secret(ENCODED[1])), version="2"))
    (drift,) = drifts(synced.verdicts(), after)
    text = describe(drift)
    assert is_clean(text)
    assert "Secret place/login drifted: data.key0 '++++++++' → '++++++++++++'" in text


EXPECTED = "expected string, got &value.valueUnstructured{Value:"


@pytest.mark.parametrize(
    "text",
    [
        f"failed to create typed patch object (place/login; /v1, Kind=Secret): .data.a: {EXPECTED}{PLAIN[0]}}}",
        f'errors: .stringData.x: {EXPECTED}[]interface {{}}{{"{PLAIN[0]}"}}}} .data.y: {EXPECTED}5}}',
        f"cut off: {EXPECTED}{PLAIN[1][:7]}",
        f'Invalid value: "{ENCODED[1]}": no good; also {PLAIN[2]}',
    ],
)
def test_a_message_of_the_api_server_shows_no_value(text: str) -> None:
    shown = redact_text(text, a_secret(*ENCODED), a_secret(stringData={"plain": PLAIN[0]}))
    assert is_clean(shown)
    assert PLAIN[1][:7] not in shown
    assert "++++++++" in shown


def test_a_message_without_values_stays_as_it_is() -> None:
    text = 'Secret "login" is invalid: type: Invalid value: "x": field is immutable'
    assert redact_text(text, a_secret(*ENCODED)) == text
    assert redact_text("", a_secret(), {"kind": "Secret", "data": None}) == ""


@pytest.mark.parametrize("value", ["", " ", "not base64!", "////", base64.b64encode(b"\xff\xfe").decode()])
def test_values_that_are_no_text_do_no_harm(value: str) -> None:
    assert redact_text("message", a_secret(value)) == "message"


def test_keys_of_live_objects_are_found() -> None:
    assert is_secret(key_of(a_secret()))
