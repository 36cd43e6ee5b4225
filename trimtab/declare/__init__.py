"""From the declaration of an application to its files in the repository, and how they are changed. Purely decided."""
