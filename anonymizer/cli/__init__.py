"""The library's commands, mounted by the `shuyi` command."""

from anonymizer.cli.anonymize import anonymize_command
from anonymizer.cli.scan import scan_command
from anonymizer.cli.verify import verify_command

__all__ = ["anonymize_command", "scan_command", "verify_command"]
