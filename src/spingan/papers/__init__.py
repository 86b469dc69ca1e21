"""What the papers print, as data, to set beside what spingan computes."""
