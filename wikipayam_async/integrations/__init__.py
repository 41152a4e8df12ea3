"""What joins the client to other packages. Each module needs its extra; nothing else imports it."""
