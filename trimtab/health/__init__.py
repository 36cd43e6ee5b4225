"""How healthy objects and applications are. Purely computational: judges what was read, fetches nothing."""
