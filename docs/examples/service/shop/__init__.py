"""An order shop that sends its messages with wikipayam_async."""
