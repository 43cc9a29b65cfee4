"""Reports for people: one HTML file for a session or a whole study, with nothing outside of it."""
