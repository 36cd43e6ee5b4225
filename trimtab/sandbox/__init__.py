"""SHELL: the embedded Kubernetes-compatible API: one process, loopback, state in memory. No etcd, no kubelet.

It never pretends to scale, to schedule or to isolate: beyond demos, previews and tests there is Kubernetes.
"""

from trimtab.sandbox.sandbox import Sandbox, sandbox_thread
from trimtab.sandbox.world import Settings

__all__ = ["Sandbox", "Settings", "sandbox_thread"]
