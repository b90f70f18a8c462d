"""What is compared, area by area; each file holds what one kind of thing means when it differs."""
