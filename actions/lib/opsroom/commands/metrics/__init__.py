"""Figures from the record: of delivery for people, and of everything for Prometheus."""
