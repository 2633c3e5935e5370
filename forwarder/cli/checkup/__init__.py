"""What `forwarder doctor` looks at, one module per part of the installation."""
