"""Secrets of the config stay out of results and logs."""

from __future__ import annotations

from opsroom.masking import MASK, redactor_for

CONFIG = {
    "database": "postgresql://opsroom:p%40ssw0rd@db/opsroom",
    "trackers": {"jira": {"token": "jira-token-1", "url": "https://acme.example"}},
    "apps": {
        "web": {"version": {"headers": {"X-Key": "header-secret"}}, "deploy": {"environ": {"A": ["list-secret"]}}}
    },
    "people": {"alice": {"email": "alice@example.com"}},
    "short": {"token": "abc"},
}


def test_secret_values_are_masked_wherever_they_turn_up() -> None:
    redactor = redactor_for(CONFIG)
    said = {"header-secret": ["jira-token-1 p%40ssw0rd p@ssw0rd", {"x": ("list-secret",)}], "n": 1}
    assert redactor.data(said) == {MASK: [f"{MASK} {MASK} {MASK}", {"x": [MASK]}], "n": 1}


def test_ordinary_values_stay() -> None:
    text = "alice@example.com at https://acme.example, abc"
    assert redactor_for(CONFIG).text(text) == text
    assert redactor_for({}).text(text) == text
