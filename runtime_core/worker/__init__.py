"""What runs in the guest on this runtime's behalf, and how worker code is loaded and called."""
