"""A stand-in for Stripe, for demo and tests: it keeps state, moves no money and refuses live keys."""

from web.demo.stripe_standin.app import create_app
from web.demo.stripe_standin.serving import running, serve, standin_command

__all__ = ["create_app", "running", "serve", "standin_command"]
