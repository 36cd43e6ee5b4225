// Builds the etcd server from its published module; there is no Go source here.
module trimtab.dev/controlplane/etcd

go 1.26.0

require go.etcd.io/etcd/server/v3 v3.6.16
