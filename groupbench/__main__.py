"""`python -m groupbench` is the command `groupbench`."""

from groupbench.cli import main

if __name__ == "__main__":
    main()
