// Builds kwok from its published module; there is no Go source here.
module trimtab.dev/controlplane/kwok

go 1.26.0

require sigs.k8s.io/kwok v0.8.0
