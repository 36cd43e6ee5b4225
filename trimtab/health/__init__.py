"""How healthy an object is. Pure."""
