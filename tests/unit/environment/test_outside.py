"""Why the UI does not answer, by what is seen from outside."""

import pytest

from tests.unit.environment.builders import an_environment
from trimtab.environment.environment import IngressSettings, Tls
from trimtab.environment.outside import Seen, reason

HERE = ("203.0.113.7",)


def test_nothing_is_wrong_with_what_answers() -> None:
    assert reason(an_environment(), Seen(status=200)) == ""


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            Seen(trouble="name", ingress=HERE),
            "no name in the DNS: external-dns makes it",
        ),
        (Seen(trouble="name", ingress=HERE), "that leads to 203.0.113.7"),
        (Seen(trouble="connection", addresses=HERE, detail="refused"), "no controller has taken the Ingress up"),
        (Seen(trouble="connection", addresses=HERE, ingress=("198.51.100.1",)), "correct the DNS record"),
        (Seen(trouble="connection", addresses=HERE, ingress=HERE), "open the port in firewall"),
        (Seen(trouble="certificate", detail="self-signed certificate"), "describe certificate argocd-ingress-tls"),
        (Seen(trouble="status", status=404), "is the class nginx its own?"),
        (Seen(trouble="status", status=503), "no pod of Trimtab is ready"),
        (Seen(trouble="status", status=200), "something else answers there"),
        (Seen(trouble="answer", detail="bad status line"), "no HTTP answer (bad status line)"),
    ],
)
def test_the_reason_says_what_to_do(seen: Seen, said: str) -> None:
    assert said in reason(an_environment(), seen)


def test_a_certificate_of_a_load_balancer_is_named() -> None:
    env = an_environment(ingress=IngressSettings(tls=Tls(certificate_arn="arn:aws:acm:1")))
    assert "arn:aws:acm:1 has to hold" in reason(env, Seen(trouble="certificate", detail="expired"))
