"""Daily reports: a questionnaire on every day of a period, at a desk, at home, or by a survey."""
