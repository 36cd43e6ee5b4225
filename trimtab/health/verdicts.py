"""Short names for the verdicts that rules return."""

from trimtab.model.application import Health


def healthy(message: str = "") -> Health:
    return Health(status="Healthy", message=message)


def suspended(message: str = "") -> Health:
    return Health(status="Suspended", message=message)


def progressing(message: str = "") -> Health:
    return Health(status="Progressing", message=message)


def degraded(message: str = "") -> Health:
    return Health(status="Degraded", message=message)


def unknown(message: str = "") -> Health:
    return Health(status="Unknown", message=message)
