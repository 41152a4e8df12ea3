"""`wikipayam bulk` and `wikipayam results`: sending what a file lists, and keeping the books of it."""
