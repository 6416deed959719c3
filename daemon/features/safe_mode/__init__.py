"""After a crash loop: without all that keeping does not need."""
