// Builds kustomize from its published module; there is no Go source here.
module trimtab.dev/controlplane/kustomize

go 1.24.0

require sigs.k8s.io/kustomize/kustomize/v5 v5.8.1
