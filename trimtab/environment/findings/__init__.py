"""What `trimtab doctor` concludes from what it saw: one file for each kind of thing that is looked at."""
