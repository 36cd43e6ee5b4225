"""The example of a declaration that `trimtab scaffold application` prints. It is read by a test as it stands."""

APPLICATION = """\
# An application, for `trimtab apply application -f FILE -e environment.yaml`.
# What begins with "# " and a key is optional: take the # away to use it.
apiVersion: trimtab.dev/v1alpha1
kind: ApplicationDeclaration

name: web                # of the Deployment, the Service, the Application
namespace: shop          # made if it is not there, never deleted
# project: default       # an AppProject of Argo CD

image: ghcr.io/acme/web:1.0.0
replicas: 1
port: 8080               # that the container listens on; leave it out if none

# The host name at which it is reached from outside (an Ingress).
# host: web.acme.example

# Variables. Values of Secrets never stand here: name the Secret and its key.
env:
  LOG_LEVEL: info
#   DATABASE_URL: {secret: web-database, key: url}

# Disks that outlive the container (PersistentVolumeClaims). Removing one here
# leaves its data in the cluster.
# volumes:
#   - name: data
#     path: /var/lib/web
#     size: 1Gi
#     access: ReadWriteOnce     # ReadWriteMany for more than one replica
#     storageClass: standard

# What a pod is given, and what it may take at most.
resources:
  requests: {cpu: 50m, memory: 64Mi}
  limits: {memory: 256Mi}

# The path of its metrics, for Prometheus.
# prometheus: /metrics
"""
