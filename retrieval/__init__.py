"""Questions to ranked passages: exact top-k over several legs, and scores that mean something."""
