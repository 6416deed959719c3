"""What somebody is notified of, taken to where they are: letters, pushes to browsers, webhooks. Each is delivered once as far as its way allows."""
