"""What the tests share: a gateway made of a bare socket, and answers to give from it."""
