"""What a sync did itself is no drift, however late the watch tells of it."""

from trimtab.compare.drift import Drift
from trimtab.compare.structural import Difference
from trimtab.model.application import Initiator, Operation
from trimtab.model.keys import ObjectKey
from trimtab.sync.own_doing import by_others

KEY = ObjectKey(group="", kind="ConfigMap", namespace="place", name="added")
DELETED = Drift(KEY, ())
ASKED = Operation(initiated_by=Initiator(username="ada"))
AUTOMATED = Operation(initiated_by=Initiator(automated=True))


def changed(manager: str) -> Drift:
    return Drift(KEY, (Difference("data.a", "1", "2", manager=manager),))


def test_what_was_pruned_is_ours_even_after_the_sync_has_ended() -> None:
    assert by_others([DELETED], syncing=False, operation=None, pruned={KEY}) == ()


def test_what_was_not_pruned_was_deleted_by_somebody() -> None:
    assert by_others([DELETED], syncing=False, operation=None, pruned=set()) == (DELETED,)


def test_a_change_of_what_was_pruned_is_told() -> None:
    drift = changed("kubectl-edit")
    assert by_others([drift], syncing=False, operation=None, pruned={KEY}) == (drift,)


def test_while_a_person_s_sync_runs_a_deletion_may_be_its_doing() -> None:
    assert by_others([DELETED], syncing=True, operation=ASKED, pruned=set()) == ()


def test_an_automated_sync_deletes_nothing_that_git_declares() -> None:
    assert by_others([DELETED], syncing=True, operation=AUTOMATED, pruned=set()) == (DELETED,)


def test_while_a_sync_runs_only_signed_changes_are_told() -> None:
    drift = changed("kubectl-edit")
    assert by_others([drift, changed("")], syncing=True, operation=ASKED, pruned=set()) == (drift,)
