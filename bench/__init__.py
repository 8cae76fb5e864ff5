"""Speed on this machine, measured."""
