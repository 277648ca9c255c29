"""Subscribing, step by step: plan, use, agreement, check and pay, first key."""
