"""What goes from staging to production, by which proof, and who answers for what was not proved."""
