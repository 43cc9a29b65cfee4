"""The experiments themselves: each a pure generator of steps, readable like a methods section."""
