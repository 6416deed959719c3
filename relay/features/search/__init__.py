"""Finding people, posts and tags by words."""
