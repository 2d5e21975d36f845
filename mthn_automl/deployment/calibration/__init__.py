"""Intervals around predictions, from what a model's trials predicted for rows that they had not seen."""
