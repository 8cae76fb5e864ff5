"""`python -m side_core ...`"""

from side_core.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
