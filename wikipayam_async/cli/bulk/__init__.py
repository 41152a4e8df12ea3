"""`wikipayam bulk` and `wikipayam results`: bulk sends from a file, with a results file that survives crashes."""
