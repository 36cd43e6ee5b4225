"""A real Kubernetes control plane without a container, for tests and for people.

`build.ensure()` compiles the programs once from their published Go modules into a cache folder;
`run.ControlPlane` starts them on free loopback ports. Only the standard library and `cryptography` are needed.
"""
