"""The server: Argo CD's REST API, login and rights, over the same engine that the controller runs."""
