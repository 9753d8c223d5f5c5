"""PowerPoint presentations: slide by slide, with notes and comments."""
