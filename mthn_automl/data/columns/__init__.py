"""What a column is: one rule for every format, and the same rule again for rows to predict."""
