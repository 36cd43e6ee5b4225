"""Who is it: local accounts, tokens, sessions, and single sign-on."""
