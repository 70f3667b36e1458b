"""Twilio's REST, pretended: calls and their recordings."""
