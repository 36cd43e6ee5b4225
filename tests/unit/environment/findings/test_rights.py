"""Rights: all that the manifests grant is asked for, and what is denied is named."""

from trimtab.environment.findings.rights import judge_rights, rights_of
from trimtab.manifests.install import install_objects
from trimtab.manifests.options import InstallOptions


def test_every_rule_of_the_installation_is_asked_for() -> None:
    asked = rights_of(install_objects(InstallOptions(namespace="place")))
    words = {f"{one.account_namespace}/{one.account} {one}" for one in asked}
    assert "place/trimtab patch applications.argoproj.io" in words
    assert any(one.name == "argocd-ssh-known-hosts-cm" and one.verb == "patch" for one in asked)
    assert len(asked) == len(set(asked)) > 20


def test_a_review_names_account_place_and_object() -> None:
    asked = rights_of(install_objects())
    (one,) = [
        right
        for right in asked
        if (right.account, right.verb, right.name) == ("trimtab", "patch", "argocd-ssh-known-hosts-cm")
    ]
    assert one.review["spec"] == {
        "user": "system:serviceaccount:argocd:trimtab",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:argocd", "system:authenticated"],
        "resourceAttributes": {
            "namespace": "argocd",
            "verb": "patch",
            "resource": "configmaps",
            "name": "argocd-ssh-known-hosts-cm",
        },
    }


def test_subresources_are_asked_for_as_such() -> None:
    rules = [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    subject = {"kind": "ServiceAccount", "name": "a", "namespace": "b"}
    manifests = [
        {"kind": "ClusterRole", "metadata": {"name": "r"}, "rules": rules},
        {
            "kind": "RoleBinding",
            "metadata": {"name": "x", "namespace": "n"},
            "roleRef": {"kind": "ClusterRole", "name": "r"},
            "subjects": [subject, {"kind": "User", "name": "ada"}],
        },
    ]
    (one,) = rights_of(manifests)
    assert one.review["spec"]["resourceAttributes"] == {
        "namespace": "n",
        "verb": "get",
        "resource": "pods",
        "subresource": "log",
    }


def test_what_is_denied_is_an_error_of_its_account() -> None:
    asked = [right for right in rights_of(install_objects()) if right.account == "trimtab"]
    (well,) = judge_rights(asked, [])
    assert (well.level, f"all {len(asked)} things" in well.message) == ("ok", True)
    (found,) = judge_rights(asked, asked[:7])
    assert (found.level, found.subject, "and 2 more" in found.message) == ("error", "argocd/trimtab", True)
    assert str(asked[0]) in found.message
    assert "trimtab setup" in found.fix
