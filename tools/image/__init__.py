"""An OCI image of Trimtab, built without an engine and without being root.

`build.image()` puts together what `packages.txt` (Debian), `requirements.lock` (Python) and `layout.py` (the rest) say.
Only the standard library, Debian's apt and dpkg, and pip are needed.
"""
