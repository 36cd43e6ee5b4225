// Builds helm from its published module; there is no Go source here.
module trimtab.dev/controlplane/helm

go 1.26.0

require helm.sh/helm/v4 v4.2.1
