"""What some bytes are, by their content first and their name second."""
