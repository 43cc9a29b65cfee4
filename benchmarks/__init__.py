"""What is claimed, measured; `make bench` writes the table."""
