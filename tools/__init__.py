"""Programs for developing Trimtab; none of them is part of the installed package."""
