"""What is done for loaded plugins: their Rings, windows and previews."""
