"""Markup of trackers: plain text to HTML, wiki markup and ADF, and back."""
