"""Host keys: are those that are trusted the ones that GitHub lists?"""

from trimtab.environment.environment import Environment
from trimtab.environment.findings.finding import Finding, Level
from trimtab.environment.host_keys import shown_keys
from trimtab.model.known_hosts import HostKey, keys_of

CHECK = "host-keys"


def judge_host_keys(env: Environment, known_hosts: str, listed: tuple[HostKey, ...]) -> Finding:
    """`listed`: by GitHub, now."""
    place, trusted = env.ssh_place, keys_of(known_hosts, env.ssh_place)
    strangers = [key for key in trusted if key not in listed]
    missing = [key for key in listed if key not in trusted]
    if strangers:
        message = f"trusts {shown_keys(strangers)}, which {env.api_url}/meta does not list"
        fix = (
            "put what it lists into ConfigMap argocd-ssh-known-hosts-cm, or run trimtab setup; find out who wrote that"
        )
        return Finding(check=CHECK, subject=place, level="error", message=message, fix=fix)
    if missing:
        message = f"{env.api_url}/meta lists {shown_keys(missing)}, which is not known here"
        fix = "the controller adds it within six hours; at once: trimtab setup"
        level: Level = "warning" if trusted else "error"
        return Finding(check=CHECK, subject=place, level=level, message=message, fix=fix)
    return Finding(check=CHECK, subject=place, level="ok", message=f"as GitHub lists them: {shown_keys(trusted)}")
