"""The watch cache as a fold over events. Pure."""
