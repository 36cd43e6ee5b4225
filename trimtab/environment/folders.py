"""The files that set-up puts into the repository: the two folders of the environment, explained."""

from collections.abc import Mapping

from trimtab.environment.environment import Environment

FOLDERS = ("applications", "namespaces")


def folder_files(env: Environment) -> Mapping[str, str]:
    """Path → text. A folder has to hold a file to be one in Git."""
    return {f"{env.own_folder}/argocd/{name}/README.md": _TEXTS[name].format(name=env.name) for name in FOLDERS}


_TEXTS = {
    "applications": """\
# Applications of {name}

Every manifest of an Application in this folder is deployed to {name}. One that is removed here is deleted there,
with what its own finalizer says about the objects that it deployed.
""",
    "namespaces": """\
# Namespaces of {name}

Every manifest in this folder is applied to {name}, and none is ever deleted because it is gone from here: with a
Namespace goes all that is in it, also what is not yours. Delete a Namespace by hand, when you are sure.
""",
}
