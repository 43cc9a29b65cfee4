"""Version of the software, as logs and exports state it."""

VERSION = "0.1.0"
