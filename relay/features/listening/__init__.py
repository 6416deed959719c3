"""Sound that is listened to: analysed, compared, converted, drawn; jobs, what came of them, and as whose."""
