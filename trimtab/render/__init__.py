"""From files to manifests, in worker processes with limits."""
