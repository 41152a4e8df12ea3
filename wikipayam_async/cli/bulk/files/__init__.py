"""Reads the files of `wikipayam bulk`: CSV, JSON Lines and workbooks."""
