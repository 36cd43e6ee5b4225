"""`python -m trimtab`."""

from trimtab.main import main

main()
