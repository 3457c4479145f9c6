"""Copies of a whole installation, in a form that either database takes back."""
