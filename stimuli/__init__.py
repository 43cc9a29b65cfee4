"""How it looks: screens are laid out to pictures, pictures are shown in a window."""
