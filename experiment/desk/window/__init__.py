"""The launcher's window: Qt widgets that show what the desk knows, and ask for the next step."""
