"""What the load script is made of: the shop as a process, a crowd of users, and the comparison of the books."""
