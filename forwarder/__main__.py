"""`python -m forwarder` and the `forwarder` command."""

from forwarder.cli import main

if __name__ == "__main__":
    main(prog_name="forwarder")
