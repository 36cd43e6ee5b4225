"""What people see in a browser: logging in, consenting, registering and installing applications."""
