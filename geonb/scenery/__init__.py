"""What `geonb.scenes` draws with: cities, photographers, letters, streets and landmarks."""
