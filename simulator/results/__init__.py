"""What a run leaves behind: the table of variables, the store, the manifest and summary measures."""
