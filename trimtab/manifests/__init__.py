"""What is installed in a cluster, as YAML to be read by people, and as objects for one installation."""

from trimtab.manifests.install import FILES, install_objects
from trimtab.manifests.options import InstallOptions

__all__ = ["FILES", "InstallOptions", "install_objects"]
