"""`wikipayam bulk`: a bulk send from a file, planned as a campaign."""
