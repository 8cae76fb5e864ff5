"""`python -m side_core ...`"""

from side_core.commands.main import main

if __name__ == "__main__":
    raise SystemExit(main())
