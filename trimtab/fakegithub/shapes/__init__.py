"""Objects as GitHub shows them: the fields that its OpenAPI description requires."""
